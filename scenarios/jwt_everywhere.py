"""JWT: any server of any service verifies it alone.

Alice logs in once, at `auth`. Then everything happens that broke the other strategies: round-robin,
other services, a dead server, a bigger cluster, and Redis down. She stays logged in throughout.
"""

from sessionlab import Client, Cluster, Lab, main, scenario, share, together

SERVICES = ("auth", "orders", "profile")


@scenario(
    "jwt-everywhere",
    "A JWT survives other servers, dead servers, no Redis",
    least_nodes=2,
    about_demo=True,
)
async def jwt_everywhere(lab: Lab) -> None:
    async with lab.cluster("jwt", services=SERVICES, redis=True) as cluster:
        alice = cluster.client("alice")
        await alice.login("auth")
        await everywhere(
            lab, cluster, alice, "Round-robin: every server of every service knows her"
        )

        victim = lab.random.choice([node.name for node in cluster.nodes_of("orders")])
        await cluster.kill(victim)
        await everywhere(lab, cluster, alice, "A server dies: the others know her", without=victim)

        await cluster.add_node("orders")
        await everywhere(
            lab, cluster, alice, "The cluster grows: the new server knows her too", without=victim
        )

        await cluster.stop_redis()
        await everywhere(
            lab, cluster, alice, "Redis is down: nobody asked it anyway", without=victim
        )


async def everywhere(
    lab: Lab, cluster: Cluster, client: Client, text: str, without: str = ""
) -> None:
    """Claim that each service recognises the client on each request, at each of its servers."""
    rounds = {name: 2 * (len(cluster.nodes_of(name))) for name in SERVICES}
    answers = together([await client.me_times(times, name) for name, times in rounds.items()])
    servers = [name for name in cluster.nodes if name != without]
    lab.claim(
        text,
        expected=share(len(answers), len(answers), f"recognised, by {len(servers)} servers"),
        observed=share(
            answers.recognised, len(answers), f"recognised, by {len(answers.nodes)} servers"
        ),
    )


if __name__ == "__main__":
    main(jwt_everywhere)
