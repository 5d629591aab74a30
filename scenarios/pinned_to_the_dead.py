"""Pinned to the dead: errors until the cookie is gone.

A server has gone for good, and the cookie of the balancer still names it. A balancer that sends
such a client elsewhere costs it its session, for that was in the dead server's memory, and no more.
One that insists on the pin gives it nothing but errors: whatever it asks, even to log in anew, for
as long as its browser keeps the cookie. Others are served all the while, so no check sees it.
"""

from sessionlab import Client, Cluster, Fate, Lab, main, scenario, share, together

TIMES = 3
INSIST = {"on-pin-lost": "fail"}


@scenario(
    "pinned-to-the-dead",
    "Pinned to a server that is gone: logged out, or stuck",
    least_nodes=2,
)
async def pinned_to_the_dead(lab: Lab) -> None:
    async with lab.cluster("memory", affinity="cookie") as cluster:
        pinned, others, victim = await two_camps(lab, cluster)
        await cluster.stop(victim)
        await lab.everyone(pinned, Client.me)
        again = await lab.everyone(pinned, Client.try_login)
        lab.claim(
            "With redispatch they lose their session, and can log in at once, cookie and all",
            expected=share(len(pinned), len(pinned), "logged in again"),
            observed=share(again.recognised, len(pinned), "logged in again"),
        )

    async with lab.cluster("memory", affinity="cookie", balancer_options=INSIST) as cluster:
        pinned, others, victim = await two_camps(lab, cluster)
        await cluster.stop(victim)
        for _ in range(TIMES):
            await lab.everyone(pinned, Client.me)
            await lab.everyone(pinned, Client.try_login)
        stuck = lab.users_of(cluster).count(Fate.STUCK)
        lab.claim(
            "Without it they are stuck: errors only, to a login too",
            expected=share(len(pinned), len(pinned), "stuck"),
            observed=share(stuck, len(pinned), "stuck"),
        )
        served = together(await lab.everyone_often(others, TIMES, Client.me))
        lab.claim(
            "All others are served, as if nothing had happened",
            expected=share(len(served), len(served), "requests recognised"),
            observed=share(served.recognised, len(served), "requests recognised"),
        )

        told, waiting = pinned[0], pinned[1:]
        told.forget()
        login = await told.try_login()
        still = await lab.everyone(waiting, Client.try_login)
        lab.claim(
            "Who drops the cookie can log in; who does not, cannot",
            expected=f"{share(1, 1, 'logged in')}, {share(0, len(waiting), 'of the others')}",
            observed=f"{share(int(login.recognised), 1, 'logged in')}, "
            f"{share(still.recognised, len(waiting), 'of the others')}",
        )

        await cluster.remove_node(victim)
        freed = await lab.everyone(waiting, Client.try_login)
        lab.claim(
            "Once the balancer is told that the server is gone, its pins mean nothing any more",
            expected=share(len(waiting), len(waiting), "logged in again"),
            observed=share(freed.recognised, len(waiting), "logged in again"),
        )


async def two_camps(lab: Lab, cluster: Cluster) -> tuple[list[Client], list[Client], str]:
    """Those who are pinned to one server, all others, and the name of that server."""
    clients = cluster.clients(2 * lab.nodes + 2)  # two at each server, and a third at some
    nodes = [login.node for login in await lab.everyone(clients, Client.login)]
    victim = lab.random.choice(list(cluster.nodes))
    camps = list(zip(clients, nodes, strict=True))
    pinned = [client for client, node in camps if node == victim]
    return pinned, [client for client, node in camps if node != victim], victim


if __name__ == "__main__":
    main(pinned_to_the_dead)
