"""Sticky, and a server dies: its clients are logged out, and only those.

The balancer sends them to a living server, but their sessions were in the memory of the dead one.
"""

from sessionlab import Client, Lab, main, scenario, share

TIMES = 3


@scenario(
    "sticky-node-dies",
    "Sticky, a server dies: only its clients are logged out",
    least_nodes=2,
)
async def sticky_node_dies(lab: Lab) -> None:
    async with lab.cluster("memory", affinity="cookie") as cluster:
        clients = cluster.clients(3 * lab.nodes + 1)  # one over: round-robin must not fit by chance
        logins = await lab.everyone(clients, Client.login)

        victim = lab.random.choice(list(cluster.nodes))
        await cluster.kill(victim)
        asked = await lab.everyone_often(clients, TIMES, Client.me)

        pinned = [c for c, login in zip(clients, logins, strict=True) if login.node == victim]
        logged_out = [c for c, a in zip(clients, asked, strict=True) if a.with_status(401)]
        lab.claim(
            f"Who had a session on {victim} is logged out, and nobody else",
            expected=[client.user for client in pinned],
            observed=[client.user for client in logged_out],
        )
        lab.claim(
            "Everybody else is still recognised, each time",
            expected=share(len(clients) - len(pinned), len(clients), "recognised"),
            observed=share(
                sum(answers.recognised == TIMES for answers in asked), len(clients), "recognised"
            ),
        )

        again = [await client.try_login() for client in pinned]
        lab.claim(
            "They can log in again, at a server that lives",
            expected=share(len(pinned), len(pinned), "logged in, away from " + victim),
            observed=share(
                sum(answer.recognised and answer.node != victim for answer in again),
                len(pinned),
                "logged in, away from " + victim,
            ),
        )


if __name__ == "__main__":
    main(sticky_node_dies)
