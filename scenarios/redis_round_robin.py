"""Several servers and a shared Redis: works.

The session is still a reference, but now every server can look it up in the same place.
"""

from sessionlab import Answers, Lab, main, scenario, share

ROUNDS = 4


@scenario(
    "redis-round-robin",
    "In a shared Redis: every server knows every session",
    least_nodes=2,
)
async def redis_round_robin(lab: Lab) -> None:
    async with lab.cluster("redis") as cluster:
        alice = cluster.client("alice")
        await alice.login()

        answers = await alice.me_times(ROUNDS * lab.nodes)
        lab.claim(
            "Every request is recognised",
            expected=share(len(answers), len(answers), "recognised"),
            observed=share(answers.recognised, len(answers), "recognised"),
        )
        lab.claim(
            "Whichever server it reaches",
            expected=sorted(cluster.nodes),
            observed=Answers(a for a in answers if a.recognised).nodes,
        )

        await alice.add_to_cart("a book")
        carts = [(await alice.cart()).items for _ in range(lab.nodes)]
        lab.claim(
            "What one server puts into the session, all of them see",
            expected=share(lab.nodes, lab.nodes, "see the book"),
            observed=share(carts.count(["a book"]), lab.nodes, "see the book"),
        )


if __name__ == "__main__":
    main(redis_round_robin)
