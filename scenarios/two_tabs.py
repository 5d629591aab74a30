"""Two tabs of one browser change the cart at the same moment, in one session.

Each tab adds an item and is told that it is in the cart. A server that loads the whole session,
changes it and writes it back whole has lost one of them: what was loaded no longer was what was
there. A server that adds one item to what is there loses nothing. A token is always whole.
"""

from sessionlab import Answers, Cluster, Lab, main, scenario

DELAY = 0.2  # seconds that a server takes between reading the session and changing the cart
TRIES = 20
LOST = "2 added, 1 in the cart"
KEPT = "2 added, 2 in the cart"


@scenario("two-tabs", "Two tabs at once: whole records lose an item", about_demo=True)
async def two_tabs(lab: Lab) -> None:
    whole = {"cart-writes": "record", "cart-delay": str(DELAY)}
    field = {"cart-writes": "field", "cart-delay": str(DELAY)}

    async with lab.cluster("redis", options=whole) as cluster:
        lab.claim(
            "In Redis, written back whole: an item is lost",
            expected=LOST,
            observed=await both_tabs_add(lab, cluster),
        )
    async with lab.cluster("redis", options=field) as cluster:
        lab.claim(
            "In Redis, one item added to what is there: none is",
            expected=KEPT,
            observed=await both_tabs_add(lab, cluster),
        )

    async with lab.single_server("memory", options=whole) as server:
        lab.claim(
            "It takes no second server: in one's memory, written back whole, an item is lost",
            expected=LOST,
            observed=await both_tabs_add(lab, server),
        )
    async with lab.single_server("memory", options=field) as server:
        lab.claim(
            "And one item added to what is there: none is",
            expected=KEPT,
            observed=await both_tabs_add(lab, server),
        )

    in_a_cookie = {"jwt-transport": "cookie", "cart-delay": str(DELAY)}
    async with lab.cluster("jwt", options=in_a_cookie) as cluster:
        lab.claim(
            "A JWT that holds the cart is written whole, whatever one does: an item is lost",
            expected=LOST,
            observed=await both_tabs_add(lab, cluster),
        )


async def both_tabs_add(lab: Lab, cluster: Cluster) -> str:
    """What the tabs were told, and what is in the cart afterwards."""
    for _ in range(TRIES):
        alice = cluster.client("alice")
        await alice.login()
        tabs = await lab.at_once(alice.add_to_cart("a book"), alice.add_to_cart("a lamp"))
        if not one_may_have_waited(tabs):
            break  # else it is a slow machine, and they click again
    else:
        return f"{TRIES} times one tab may have waited for the other"
    added = len(tabs.with_status(200))
    return f"{added} added, {len((await alice.cart()).items)} in the cart"


def one_may_have_waited(tabs: Answers) -> bool:
    """One after the other they take two delays or more; in less, both read before both wrote."""
    return tabs.seconds >= 2 * DELAY


if __name__ == "__main__":
    main(two_tabs)
