"""A hash instead of a table of pins, and the users who lose their server when one is added.

The balancer computes a client's server from its address or from a cookie that it has. Nothing is
remembered, so nothing can be forgotten, until the number of servers changes: the hash modulo n+1
leads n of n+1 users to another server than modulo n did, a consistent hash only one of n+1. That is
predicted here before it is counted.
"""

from sessionlab import Client, Counted, Lab, Predicted, main, scenario, share

USERS = 151  # no multiple of any number of servers: round-robin must not fit by chance
ADDRESS = "X-Client-Address"


@scenario(
    "scale-out-hash",
    "One server more: a hash moves n of n+1, or just 1",
    least_nodes=2,
)
async def scale_out_hash(lab: Lab) -> None:
    addresses = lab.addresses(USERS)
    # Where all clients come from one address, what is in front of the balancer must tell it theirs.
    where_from = "source" if addresses else f"header:{ADDRESS}"
    for key in (where_from, "cookie:visitor"):
        await one_server_more(lab, "hash", key, addresses, lab.nodes / (lab.nodes + 1))
        await one_server_more(lab, "consistent-hash", key, addresses, 1 / (lab.nodes + 1))


async def one_server_more(
    lab: Lab, algorithm: str, key: str, addresses: list[str], predicted: float
) -> None:
    """Everybody logs in, the cluster grows by one, and some are logged out."""
    async with lab.cluster("memory", algorithm=f"{algorithm}:{key}") as cluster:
        users = cluster.clients(USERS, addresses)
        for number, user in enumerate(users):
            user.keep_cookie("visitor", f"{lab.random.getrandbits(64):x}")
            user.headers[ADDRESS] = addresses[number] if addresses else f"{lab.random.random()}"

        # One by one: a consistent hash may send others elsewhere while a server is busy.
        await lab.one_by_one(users, Client.login)
        before = await lab.one_by_one(users, Client.me)
        lab.claim(
            f"`{algorithm}:{key}` leads everybody back to the server of their session",
            expected=share(USERS, USERS, "recognised"),
            observed=share(before.recognised, USERS, "recognised"),
        )

        new = await cluster.add_node()
        logged_out = (await lab.one_by_one(users, Client.me)).with_status(401)
        lab.claim(
            f"`{algorithm}:{key}` and one server more: as many lose their session as predicted",
            expected=Predicted(predicted, "logged out"),
            observed=Counted(len(logged_out), USERS, "logged out"),
        )
        if algorithm == "consistent-hash":
            lab.claim(
                f"`{algorithm}:{key}` moved them to the new server only",
                expected=[new.name],
                observed=logged_out.nodes,
            )


if __name__ == "__main__":
    main(scale_out_hash)
