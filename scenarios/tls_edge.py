"""TLS ends at the balancer, and the servers behind it speak plain HTTP.

So a server cannot see by itself whether Alice's connection is safe and her cookie must be Secure.
The balancer says so in X-Forwarded-Proto, and a server that was not told to believe it makes a
cookie that may travel in the clear. A server that believes anybody believes Mallory, too.
"""

from sessionlab import Client, Cluster, Lab, main, scenario, share

TOKEN = {"jwt-transport": "cookie"}  # good at every server, so that only the cookie matters
CLAIMED = "X-Forwarded-Proto"


@scenario("tls-edge", "TLS ends at the balancer: who makes a cookie Secure", about_demo=True)
async def tls_edge(lab: Lab) -> None:
    async with lab.cluster("jwt", tls=True, trust_balancer=True, options=TOKEN) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        lab.claim(
            "Servers that trust the balancer make a Secure cookie, good at all of them",
            expected=f"Secure, {share(lab.nodes, lab.nodes, 'requests recognised')}",
            observed=await cookie_and_requests(lab, alice),
        )

        bob = cluster.client("bob")
        bob.headers[CLAIMED] = "http"
        await bob.login()
        lab.claim(
            "What a client itself says there is not passed on: the balancer replaces it",
            expected="Secure",
            observed=cookie_of(bob),
        )

        mallory = outsider(lab, cluster)
        mallory.headers[CLAIMED] = "https"
        await mallory.login(at=next(iter(cluster.nodes.values())).url)
        lab.claim(
            "Who says it past the balancer is not believed, for the balancer is elsewhere",
            expected="not Secure",
            observed=cookie_of(mallory),
        )

    async with lab.cluster("jwt", tls=True, options=TOKEN) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        lab.claim(
            "Servers that trust nobody know of no TLS: their cookie may travel in the clear",
            expected="not Secure",
            observed=cookie_of(alice),
        )

    async with lab.cluster("jwt", trust_balancer=True, options=TOKEN) as cluster:
        mallory = cluster.client("carol")
        mallory.headers[CLAIMED] = "https"
        await mallory.login()
        lab.claim(
            "Where the balancer has no TLS, a client that claims it makes no cookie Secure",
            expected=f"not Secure, {share(lab.nodes, lab.nodes, 'requests recognised')}",
            observed=await cookie_and_requests(lab, mallory),
        )

    always = {**TOKEN, "cookie-secure": "always"}
    async with lab.cluster("jwt", options=always) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        lab.claim(
            "A cookie that is Secure there all the same is never sent: no login lasts",
            expected=f"Secure, {share(0, lab.nodes, 'requests recognised')}",
            observed=await cookie_and_requests(lab, alice),
        )


def outsider(lab: Lab, cluster: Cluster) -> Client:
    """A client at another address than the balancer's."""
    addresses = lab.addresses(1)
    return cluster.client("carol", addresses[0] if addresses else None)


def cookie_of(client: Client) -> str:
    """Its session cookie, which a login that set none must not be taken for a bad one."""
    if not client.cookies:
        return "no cookie"
    return "Secure" if client.secure else "not Secure"


async def cookie_and_requests(lab: Lab, client: Client) -> str:
    """What cookie a client has, and how its next requests go, one at each server."""
    answers = await client.me_times(lab.nodes)
    recognised = share(answers.recognised, lab.nodes, "requests recognised")
    return f"{cookie_of(client)}, {recognised}"


if __name__ == "__main__":
    main(tls_edge)
