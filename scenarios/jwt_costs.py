"""What JWT costs: it cannot be taken back, it is bigger on every request, its keys must rotate.

Alice logs out, but whoever kept a copy of her token is still Alice, at every server, until it
expires. With a session in Redis the same copy is dead at once: that is what state is good for.
"""

from sessionlab import Client, Lab, MoreThan, main, scenario, share

LIFETIME = 1  # second; only where the story waits for a token's end
ACCEPT = "servers accept the copy"


@scenario("jwt-costs", "A JWT costs: no way back, more bytes, keys to rotate", about_demo=True)
async def jwt_costs(lab: Lab) -> None:
    session = await logout_that_works(lab)
    await logout_that_does_not(lab, session)
    await end_of_a_token(lab)
    await keys_that_rotate(lab)


async def logout_that_works(lab: Lab) -> int:
    """The comparison: a session id. Returns the bytes that it takes on each request."""
    async with lab.cluster("redis", called="a session id: logged out, a copy kept") as cluster:
        alice, thief = cluster.client("alice"), cluster.client("alice")
        await alice.login()
        thief.copy_credential(alice)
        size = (await alice.me()).operation.credential
        await alice.logout()
        lab.claim(
            "A session that was logged out is dead at every server, also for a copy of its id",
            expected=share(0, lab.nodes, ACCEPT),
            observed=share((await cluster.ask_each_node(thief)).recognised, lab.nodes, ACCEPT),
        )
        return size


async def logout_that_does_not(lab: Lab, session: int) -> None:
    """A token is a value: whoever has it, has it."""
    async with lab.cluster("jwt", called="a JWT: logged out, a copy kept") as cluster:
        alice, thief = cluster.client("alice"), cluster.client("alice")
        await alice.login()
        thief.copy_credential(alice)
        await alice.logout()
        lab.claim(
            "A JWT that was logged out is still good at every server, for whoever kept a copy",
            expected=share(lab.nodes, lab.nodes, ACCEPT),
            observed=share((await cluster.ask_each_node(thief)).recognised, lab.nodes, ACCEPT),
        )
        lab.claim(
            f"It is bigger on every request than a session id ({session} bytes)",
            expected=MoreThan(session, "bytes"),
            observed=(await thief.me()).operation.credential,
        )


async def end_of_a_token(lab: Lab) -> None:
    """What stops it is its own end, which was fixed when it was signed."""
    lifetime = {"jwt-lifetime": str(LIFETIME), "jwt-leeway": "0"}
    async with lab.cluster("jwt", options=lifetime, called="a JWT at its end") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await lab.until_expired(alice)
        lab.claim(
            f"Only its own end, {LIFETIME} s after it was signed, stops it",
            expected=share(0, lab.nodes, "servers accept it"),
            observed=share(
                (await cluster.ask_each_node(alice)).recognised, lab.nodes, "servers accept it"
            ),
        )


async def keys_that_rotate(lab: Lab) -> None:
    """A new key is announced first and the old one kept until its tokens have ended."""
    async with lab.cluster("jwt", called="keys rotated") as cluster:
        old = cluster.clients(3)
        await lab.everyone(old, Client.login)

        await cluster.rotate_keys()
        new = cluster.client("alice")
        await new.login()
        both = await lab.everyone([*old, new], Client.me)
        lab.claim(
            "A key is rotated: tokens of the old key and of the new one are both good",
            expected=share(4, 4, "recognised"),
            observed=share(both.recognised, 4, "recognised"),
        )

        await cluster.retire_keys()
        after = await lab.everyone(old, Client.me)
        lab.claim(
            "The old key is taken away: everybody whose token it signed is logged out at once",
            expected=share(3, 3, "answered 401"),
            observed=share(len(after.with_status(401)), 3, "answered 401"),
        )
        lab.claim(
            "Who has a token of the new key is not",
            expected=200,
            observed=(await new.me()).status,
        )


if __name__ == "__main__":
    main(jwt_costs)
