"""Sticky, across microservices: each service has its own servers and its own view.

Alice logs in at `auth` and the balancer pins her there. Her next click goes to `orders`: other
servers, other memory, so her session means nothing. And when she logs in there too, the new
session cookie replaces the old one, so that now `auth` has forgotten her.
"""

from sessionlab import Lab, main, scenario, share, together

TIMES = 4


@scenario(
    "sticky-microservices",
    "Sticky, several services: to the next you are nobody",
    least_nodes=2,
)
async def sticky_microservices(lab: Lab) -> None:
    services = ("auth", "orders", "profile")
    async with lab.cluster("memory", services=services, affinity="cookie") as cluster:
        alice = cluster.client("alice")
        await alice.login("auth")

        at_auth = await alice.me_times(TIMES, "auth")
        lab.claim(
            "Where she logged in, stickiness does its work",
            expected=share(TIMES, TIMES, "recognised"),
            observed=share(at_auth.recognised, TIMES, "recognised"),
        )
        elsewhere = together([await alice.me_times(TIMES, name) for name in ("orders", "profile")])
        lab.claim(
            "At the other services nobody knows her",
            expected=share(2 * TIMES, 2 * TIMES, "answered 401"),
            observed=share(len(elsewhere.with_status(401)), 2 * TIMES, "answered 401"),
        )

        await alice.login("orders")
        lab.claim(
            "When she logs in at orders, orders knows her and auth has lost her",
            expected="orders 200, auth 401",
            observed=f"orders {(await alice.me('orders')).status}, "
            f"auth {(await alice.me('auth')).status}",
        )


if __name__ == "__main__":
    main(sticky_microservices)
