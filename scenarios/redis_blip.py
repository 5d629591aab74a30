"""Redis restarts while everybody is asking, and has its data when it is back: a blip.

A server that says 503 meanwhile has interrupted its users, and no more: their browsers keep the
cookie, and it is good again. A server that takes "Redis does not answer" for "there is no such
session" says 401 and clears the cookie. The sessions are all still there, and nobody can reach
them: the logout outlives the outage.
"""

from sessionlab import Answers, Client, Cluster, Lab, Users, main, scenario, share

CLIENTS = 10
COLUMNS = ["what a server says meanwhile", "interrupted", "for at most", "logged out"]


@scenario("redis-blip", "Redis restarts: interrupted, not logged out, if right", about_demo=True)
async def redis_blip(lab: Lab) -> None:
    async with lab.cluster("redis", redis_keeps=True) as cluster:
        clients = await logged_in(lab, cluster)
        cookies = [client.credential for client in clients]
        during, after = await restarted_while_they_ask(lab, cluster, clients)
        lab.claim(
            "While Redis is away everybody is told to try again: 503, not 401",
            expected=share(CLIENTS, CLIENTS, "answered 503"),
            observed=share(len(during.with_status(503)), CLIENTS, "answered 503"),
        )
        lab.claim(
            "Nobody's cookie is cleared",
            expected=share(CLIENTS, CLIENTS, "have the cookie of their login"),
            observed=share(
                sum(client.credential == had for client, had in zip(clients, cookies, strict=True)),
                CLIENTS,
                "have the cookie of their login",
            ),
        )
        lab.claim(
            "When it is back everybody is logged in as before",
            expected=share(CLIENTS, CLIENTS, "recognised"),
            observed=share(after.recognised, CLIENTS, "recognised"),
        )
        right = lab.users_of(cluster)
        lab.claim(
            "So it was an interruption, and nobody has lost anything",
            expected=fates(interrupted=CLIENTS, lost=0),
            observed=fates(right.interrupted, right.lost),
        )

    wrong_way_round = {"on-store-down": "logout"}
    async with lab.cluster("redis", redis_keeps=True, options=wrong_way_round) as cluster:
        clients = await logged_in(lab, cluster)
        noted = [cluster.client(client.user) for client in clients]
        for copy, client in zip(noted, clients, strict=True):
            copy.copy_credential(client)
        during, after = await restarted_while_they_ask(lab, cluster, clients)
        lab.claim(
            "A server that takes an unreachable Redis for no session logs everybody out",
            expected=share(CLIENTS, CLIENTS, "answered 401, their cookie cleared"),
            observed=share(
                sum(
                    a.status == 401 and not c.credential
                    for a, c in zip(during, clients, strict=True)
                ),
                CLIENTS,
                "answered 401, their cookie cleared",
            ),
        )
        lab.claim(
            "When Redis is back they still are: the logout outlives the outage",
            expected=share(CLIENTS, CLIENTS, "answered 401"),
            observed=share(len(after.with_status(401)), CLIENTS, "answered 401"),
        )
        lab.claim(
            "Yet their sessions are all there: who had noted the cookie can use it",
            expected=share(CLIENTS, CLIENTS, "recognised"),
            observed=share(
                (await lab.everyone(noted, Client.me)).recognised, CLIENTS, "recognised"
            ),
        )
        wrong = lab.users_of(cluster)
        lab.show(COLUMNS, [cells("503, try again", right), cells("401, who are you?", wrong)])


def fates(interrupted: int, lost: int) -> str:
    return f"{interrupted} interrupted, {lost} lost"


def cells(says: str, users: Users) -> list[str]:
    longest = f"{users.longest} ms" if users.interrupted else "–"
    return [says, str(users.interrupted), longest, str(users.lost)]


async def logged_in(lab: Lab, cluster: Cluster) -> list[Client]:
    clients = cluster.clients(CLIENTS)
    await lab.everyone(clients, Client.login)
    return clients


async def restarted_while_they_ask(
    lab: Lab, cluster: Cluster, clients: list[Client]
) -> tuple[Answers, Answers]:
    """What each client was answered while Redis was away, and once it was back."""
    async with lab.asking(clients, Client.me) as traffic:
        await traffic.round()
        await cluster.stop_redis()
        during = await traffic.round()
        await cluster.start_redis()
        return during, await traffic.round()


if __name__ == "__main__":
    main(redis_blip)
