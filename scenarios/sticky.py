"""Sticky balancing: works with sessions in memory.

The balancer remembers which server holds a client's session and keeps sending the client there,
by a cookie of its own or by watching which server set the session cookie.
"""

from sessionlab import Client, Lab, main, scenario, share, together

TIMES = 6


@scenario(
    "sticky",
    "Sticky: a client reaches the server with its session",
    least_nodes=2,
)
async def sticky(lab: Lab) -> None:
    for affinity in ("cookie", "learn:sid"):
        async with lab.cluster("memory", affinity=affinity) as cluster:
            clients = cluster.clients(
                2 * lab.nodes + 1
            )  # one over: round-robin must not fit by chance
            logins = await lab.everyone(clients, Client.login)

            asked = await lab.everyone_often(clients, TIMES, Client.me)
            everything = together(asked)
            lab.claim(
                f"With affinity `{affinity}` every request is recognised",
                expected=share(len(everything), len(everything), "recognised"),
                observed=share(everything.recognised, len(everything), "recognised"),
            )
            stayed = sum(
                answers.nodes == [login.node] for login, answers in zip(logins, asked, strict=True)
            )
            lab.claim(
                f"With affinity `{affinity}` each client stays at the server it logged in at",
                expected=share(len(clients), len(clients), "clients stayed"),
                observed=share(stayed, len(clients), "clients stayed"),
            )
            lab.claim(
                f"With affinity `{affinity}` the clients still spread over all servers",
                expected=sorted(cluster.nodes),
                observed=everything.nodes,
            )


if __name__ == "__main__":
    main(sticky)
