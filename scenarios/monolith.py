"""One server, sessions in its memory: works.

This is where everybody starts, and nothing is wrong with it: every request reaches the server
that made the session.
"""

from sessionlab import Lab, main, scenario, share

TIMES = 20


@scenario("monolith", "One server with the sessions in its memory: works")
async def monolith(lab: Lab) -> None:
    async with lab.single_server("memory") as server:
        alice = server.client("alice")
        await alice.login()

        answers = await alice.me_times(TIMES)
        lab.claim(
            "The server that made the session recognises every request",
            expected=share(TIMES, TIMES, "recognised"),
            observed=share(answers.recognised, TIMES, "recognised"),
        )

        await alice.add_to_cart("a book")
        await alice.add_to_cart("a lamp")
        lab.claim(
            "What was put into the cart is in the cart",
            expected=["a book", "a lamp"],
            observed=(await alice.cart()).items,
        )

        thief = server.client("alice")
        thief.copy_credential(alice)
        await alice.logout()
        lab.claim(
            "After logout the session is gone, for whoever kept a copy of its id",
            expected=401,
            observed=(await thief.me()).status,
        )


if __name__ == "__main__":
    main(monolith)
