"""The balancer itself restarts, or is reloaded.

Not one app server is touched, yet users can be logged out: what the balancer has *learned* of who
belongs where is in its memory, and goes with it. A pin that travels in a cookie is the client's,
and a balancer with the same secret reads it as before. A reload must keep both.
"""

from collections.abc import Awaitable, Callable

from sessionlab import Client, Cluster, Fate, Lab, Users, main, scenario, share

LEARNED, COOKIE = "learn:sid", "cookie"

Event = Callable[[Cluster], Awaitable[None]]


@scenario(
    "balancer-restart",
    "The balancer restarts: it forgets pins it has learned",
    least_nodes=2,
)
async def balancer_restart(lab: Lab) -> None:
    everybody = 2 * lab.nodes
    restart, reload = Cluster.restart_balancer, Cluster.reload_balancer
    stories: dict[str, tuple[str, Event, Fate, str]] = {
        "learned pins, restart": (
            *(LEARNED, restart, Fate.LOGGED_OUT),
            "It restarts, and has forgotten where each session is: everybody is logged out",
        ),
        "pins in cookies, restart": (
            *(COOKIE, restart, Fate.KEPT),
            "It restarts, and reads in each cookie who belongs where: nobody is logged out",
        ),
        "learned pins, reload": (
            *(LEARNED, reload, Fate.KEPT),
            "It is reloaded and still knows what it has learned",
        ),
        "pins in cookies, reload": (
            *(COOKIE, reload, Fate.KEPT),
            "It is reloaded and still reads its cookies",
        ),
    }
    users = await lab.side_by_side(
        {name: users_after(lab, pins, event) for name, (pins, event, _, _) in stories.items()}
    )
    for name, (_, _, expected, text) in stories.items():
        lab.claim(
            text,
            expected=share(everybody, everybody, f"users {expected}"),
            observed=share(users[name].count(expected), everybody, f"users {expected}"),
        )


async def users_after(lab: Lab, affinity: str, event: Event) -> Users:
    """What becomes of the users of a cluster when that happens to its balancer."""
    async with lab.cluster("memory", affinity=affinity) as cluster:
        clients = cluster.clients(2 * lab.nodes)
        await lab.everyone(clients, Client.login)
        await event(cluster)
        for client in clients:  # one after the other, so that each is asked by every server in turn
            await client.me_times(2 * lab.nodes)
        return lab.users_of(cluster)


if __name__ == "__main__":
    main(balancer_restart)
