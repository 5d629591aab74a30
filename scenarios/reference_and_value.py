"""A session id is a reference, a JWT is a value.

Alice gets a session id from one server and shows it to every server: only the one that made it
can look it up. Then she gets a JWT: everybody can read it, every server accepts it, and Mallory,
who would like to be Alice, cannot change it.
"""

from sessionlab import Answers, Lab, altered, main, read_token, resigned, scenario, unsigned


@scenario(
    "reference-and-value",
    "A session id is a reference, a JWT the signed value",
    least_nodes=2,
    about_demo=True,
)
async def reference_and_value(lab: Lab) -> None:
    async with lab.cluster("memory") as cluster:
        alice = cluster.client("alice")
        login = await alice.login()
        lab.claim(
            "Nobody can read anything in a session id",
            expected="nothing",
            observed=read_token(alice.credential).get("sub", "nothing"),
        )
        lab.claim(
            "Only the server that made it knows whose it is",
            expected=[login.node],
            observed=knowing(await cluster.ask_each_node(alice)),
        )

    async with lab.cluster("jwt") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        lab.claim(
            "Anybody can read in a JWT whose it is, without any key",
            expected="alice",
            observed=read_token(alice.credential).get("sub", "nothing"),
        )
        lab.claim(
            "Every server knows whose it is, and none has stored anything",
            expected=list(cluster.nodes),
            observed=knowing(await cluster.ask_each_node(alice)),
        )

        bob, mallory = cluster.client("bob"), cluster.client("alice")
        await bob.login()
        refused = []
        for forgery in (
            altered(bob.credential, sub="alice"),
            resigned(bob.credential, key="a key that Mallory made up, long enough", sub="alice"),
            unsigned(bob.credential, sub="alice"),
        ):
            mallory.present(forgery)
            refused.append((await mallory.me()).status)
        lab.claim(
            "Nobody can change it: altered, signed with another key, with `alg: none`",
            expected=[401, 401, 401],
            observed=refused,
        )


def knowing(answers: Answers) -> list[str | None]:
    """The servers that recognised the client."""
    return [answer.node for answer in answers if answer.recognised]


if __name__ == "__main__":
    main(reference_and_value)
