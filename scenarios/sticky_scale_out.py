"""Sticky, and the cluster grows: the new servers stay idle.

More servers were added because the old ones have too much to do. But the clients that cause the
load are pinned to the old servers; only clients that come later see the new ones.
"""

from sessionlab import Answers, Client, Lab, main, scenario, share, together

NEW = 2
TIMES = 4


@scenario("sticky-scale-out", "Sticky, the cluster grows: the new servers stay idle")
async def sticky_scale_out(lab: Lab) -> None:
    async with lab.cluster("memory", affinity="cookie") as cluster:
        old = list(cluster.nodes)
        clients = cluster.clients(2 * lab.nodes)
        await lab.everyone(clients, Client.login)

        new = [(await cluster.add_node()).name for _ in range(NEW)]
        answers = together(await lab.everyone_often(clients, TIMES, Client.me))
        at_new = sum(len(answers.by(node)) for node in new)
        lab.claim(
            f"Of the old clients' requests, none reaches {' or '.join(new)}",
            expected=share(0, len(answers), "requests"),
            observed=share(at_new, len(answers), "requests"),
        )
        even = len(answers) / (len(old) + NEW)
        lab.claim(
            f"So the load does not even out (that would be {even:.1f} requests each)",
            expected=per_node({**dict.fromkeys(old, 2 * TIMES), **dict.fromkeys(new, 0)}),
            observed=per_node(counted(answers, old + new)),
        )

        newcomers = [cluster.client(name) for name in ("alice", "bob")]
        newcomers += cluster.clients(len(clients) + len(old))[len(clients) :]
        logins = await lab.everyone(newcomers, Client.login)
        lab.claim(
            "Only clients that come now are spread over all servers, old and new",
            expected=per_node(dict.fromkeys(old + new, 1)),
            observed=per_node(counted(logins, old + new)),
        )


def counted(answers: Answers, nodes: list[str]) -> dict[str, int]:
    return {node: len(answers.by(node)) for node in nodes}


def per_node(requests: dict[str, int]) -> str:
    return ", ".join(f"{node} {count}" for node, count in requests.items())


if __name__ == "__main__":
    main(sticky_scale_out)
