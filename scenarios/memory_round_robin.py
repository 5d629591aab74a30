"""Several servers, each with its own memory, behind a round-robin balancer: fails.

Alice logs in at one server. The balancer sends her next request to the next server, which has
never heard of her. With N servers, N-1 of N requests find her logged out.
"""

from sessionlab import Lab, main, scenario, share

ROUNDS = 4


@scenario(
    "memory-round-robin",
    "In memory, round-robin: the other servers answer 401",
    least_nodes=2,
)
async def memory_round_robin(lab: Lab) -> None:
    async with lab.cluster("memory") as cluster:
        alice = cluster.client("alice")
        login = await alice.login()

        answers = await alice.me_times(ROUNDS * lab.nodes)
        knowing = sorted({a.node for a in answers if a.recognised and a.node})
        lab.claim(
            "The session exists on one server only: the one that made it",
            expected=[login.node],
            observed=knowing,
        )
        lab.claim(
            "So only every Nth request finds it",
            expected=share(ROUNDS, len(answers), "recognised"),
            observed=share(answers.recognised, len(answers), "recognised"),
        )
        lab.claim(
            "All others are answered 401",
            expected=share(ROUNDS * (lab.nodes - 1), len(answers), "answered 401"),
            observed=share(len(answers.with_status(401)), len(answers), "answered 401"),
        )


if __name__ == "__main__":
    main(memory_round_robin)
