"""Redis goes down: every server fails for every session, at once.

Sharing the memory made Redis the one thing that nobody can do without. The servers are all still
there, and none of them can say who anybody is. When Redis comes back, with the memory it had gone,
everybody is logged out.
"""

from sessionlab import Client, Lab, main, scenario, share, together


@scenario("redis-down", "Redis goes down: every server fails for everybody", about_demo=True)
async def redis_down(lab: Lab) -> None:
    async with lab.cluster("redis") as cluster:
        clients = cluster.clients(3)
        await lab.everyone(clients, Client.login)

        before = together([await cluster.ask_each_node(client) for client in clients])
        lab.claim(
            "While Redis is there, every server recognises everybody",
            expected=share(len(before), len(before), "recognised"),
            observed=share(before.recognised, len(before), "recognised"),
        )

        await cluster.stop_redis()
        during = together([await cluster.ask_each_node(client) for client in clients])
        lab.claim(
            "Without it every server fails for every one of them, and says so: 503, not 401",
            expected=share(len(during), len(during), "answered 503"),
            observed=share(len(during.with_status(503)), len(during), "answered 503"),
        )
        lab.claim(
            "Yet no server has gone: the balancer still sees them all up",
            expected=sorted(cluster.nodes),
            observed=sorted(n for n, state in (await cluster.backends()).items() if state == "up"),
        )

        await cluster.start_redis()
        after = await lab.everyone(clients, Client.me)
        lab.claim(
            "Redis comes back without what it had in memory: everybody is logged out",
            expected=share(len(clients), len(clients), "answered 401"),
            observed=share(len(after.with_status(401)), len(clients), "answered 401"),
        )


if __name__ == "__main__":
    main(redis_down)
