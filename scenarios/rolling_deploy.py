"""A new version is rolled out while everybody is shopping.

Every shopper has a session and a book in the cart, and keeps asking while each server is replaced
by one of version 2. Who is still logged in afterwards, with the book? Seven settings, one table.

A drain is no cure by itself: it can only wait for visits that end. So where it helps, shoppers pay
and log out, and what ties them to a server ends with their session (`learn`): when they come back
they are new clients, and go to a new server. Shoppers who stay are cut off when its time is up.
"""

from collections.abc import Callable, Coroutine

from sessionlab import (
    Answer,
    Client,
    Cluster,
    Deploy,
    Fate,
    Lab,
    Recreate,
    Rolling,
    Users,
    main,
    scenario,
    share,
)

SHOPPERS = 4  # for each server
VISIT = 5  # requests, and a shopper has paid
LONG, SHORT = Rolling(limit=5.0), Rolling(limit=0.1)  # seconds that a drain may take
PAUSE = 0.1  # seconds between a shopper's requests
COLUMNS = ["", "kept", "moved", "lost", "errors", "why"]  # errors: for how long at most

Shop = Callable[[Client], Coroutine[object, object, Answer]]


@scenario(
    "rolling-deploy",
    "A rolling deploy: which settings log nobody out",
    least_nodes=2,
    slow=True,
)
async def rolling_deploy(lab: Lab) -> None:
    cluster = lab.cluster
    wrong = {
        "memory, round-robin": deployed(lab, cluster("memory"), LONG),
        "memory, sticky, recreate": deployed(lab, cluster("memory", affinity="cookie"), Recreate()),
        "memory, sticky, drain too short": deployed(
            lab, cluster("memory", affinity="cookie"), SHORT
        ),
        "JWT, a key for each server": deployed(lab, cluster("jwt", one_key=False), LONG),
    }
    right = {
        "memory, sticky, drain": deployed(
            lab, cluster("memory", affinity="learn:sid"), LONG, paying
        ),
        "Redis": deployed(lab, cluster("redis"), LONG),
        "JWT, one key": deployed(lab, cluster("jwt"), LONG),
    }
    told = await lab.side_by_side({**wrong, **right})
    for setting, (users, _) in told.items():
        # Who is stuck or has lost a book is not "logged out", and not well either.
        fates, what = ([Fate.LOGGED_OUT], "logged out")
        if setting in right:
            fates, what = ([Fate.KEPT, Fate.MOVED], "kept or moved")
        lab.claim(
            f"{setting}: {'nobody' if setting in right else 'everybody'} is logged out",
            expected=share(SHOPPERS * lab.nodes, SHOPPERS * lab.nodes, f"shoppers {what}"),
            observed=share(users.count(*fates), len(users), f"shoppers {what}"),
        )
    lab.claim(
        "And each time it is version 2 that runs now, on every server",
        expected=share(len(told), len(told), "deploys came to their end"),
        observed=share(
            sum(versions == lab.nodes * ["2"] for _, versions in told.values()),
            len(told),
            "deploys came to their end",
        ),
    )
    lab.show(COLUMNS, [[setting, *cells(users)] for setting, (users, _) in told.items()])


async def deployed(
    lab: Lab,
    cluster: Cluster,
    how: Deploy,
    shopping: Callable[[], Shop] = lambda: Client.cart,
) -> tuple[Users, list[str]]:
    """What becomes of those who shop while a cluster is deployed, and the versions it runs then."""
    async with cluster:
        shoppers = cluster.clients(SHOPPERS * lab.nodes)
        await lab.everyone(shoppers, come_in)
        async with lab.asking(shoppers, shopping(), PAUSE) as traffic:
            await traffic.round()
            await cluster.deploy(how, version="2")
            await traffic.round()
        return lab.users_of(cluster), list((await cluster.versions()).values())


async def come_in(client: Client) -> Answer:
    await client.login()
    return await client.add_to_cart(f"a book for {client.user}")


def paying() -> Shop:
    """Shoppers who look at their cart a few times, pay, log out, and come again."""
    asked: dict[Client, int] = {}

    async def shop(client: Client) -> Answer:
        asked[client] = asked.get(client, 0) + 1
        if asked[client] % VISIT:
            return await client.cart()
        await client.logout()
        return await come_in(client)

    return shop


def cells(users: Users) -> list[str]:
    counts = (users.kept, users.moved, users.lost)
    return [*map(str, counts), f"{users.longest} ms" if users.interrupted else "none", users.why]


if __name__ == "__main__":
    main(rolling_deploy)
