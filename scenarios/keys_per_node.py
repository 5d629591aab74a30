"""Every server makes a signing key of its own: "JWT works everywhere" turns false.

Nobody told the servers a key, so each made one when it started. Alice's token is good at the
server that signed it, and at no other: her requests are refused as often as chance sends them
elsewhere. On the developer's single server nothing was wrong.
"""

from sessionlab import Answers, Client, Counted, Lab, Predicted, main, scenario, share, together

ROUNDS = 4
CLIENTS = 8
TIMES = 50


@scenario(
    "keys-per-node",
    "A key for each server: a JWT is good only where signed",
    least_nodes=2,
    about_demo=True,
)
async def keys_per_node(lab: Lab) -> None:
    async with lab.cluster("jwt") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        accepted = (await cluster.ask_each_node(alice)).recognised
        lab.claim(
            "With one key for all, every server accepts the token",
            expected=share(lab.nodes, lab.nodes, "servers accept it"),
            observed=share(accepted, lab.nodes, "servers accept it"),
        )

    async with lab.cluster("jwt", one_key=False) as cluster:
        alice = cluster.client("alice")
        login = await alice.login()
        asked = await cluster.ask_each_node(alice)
        lab.claim(
            "With a key for each, only the server that signed it does",
            expected=[login.node],
            observed=Answers(answer for answer in asked if answer.recognised).nodes,
        )
        answers = await alice.me_times(ROUNDS * lab.nodes)
        lab.claim(
            "So under round-robin N-1 of N requests are refused",
            expected=share(ROUNDS * (lab.nodes - 1), len(answers), "answered 401"),
            observed=share(len(answers.with_status(401)), len(answers), "answered 401"),
        )
        lab.claim(
            "The servers know why, and it is not that the token is forged or has expired",
            expected={"key-unknown"},
            observed={str(a.body.get("code")) for a in answers.with_status(401)},
        )

    async with lab.cluster("jwt", one_key=False, algorithm="random") as cluster:
        clients = cluster.clients(CLIENTS)
        await lab.everyone(clients, Client.login)
        answers = together(await lab.everyone_often(clients, TIMES, Client.me))
        lab.claim(
            "When each request goes to a random server, they are refused as often as chance says",
            expected=Predicted((lab.nodes - 1) / lab.nodes, "answered 401"),
            observed=Counted(len(answers.with_status(401)), len(answers), "answered 401"),
        )


if __name__ == "__main__":
    main(keys_per_node)
