"""HTTP is stateless.

Alice logs in. Her next request says who she is, because her browser sends the cookie along. Then
she drops the cookie and asks again on the very same TCP connection: the server has no idea who
she is. It is the credential that carries the identity, never the connection.
"""

from sessionlab import Lab, main, scenario, share

TIMES = 5


@scenario("stateless-http", "HTTP is stateless: without a credential you are nobody")
async def stateless_http(lab: Lab) -> None:
    async with lab.single_server() as server:
        alice = server.client("alice")
        await alice.login()

        elsewhere = server.client("alice")
        elsewhere.copy_credential(alice)
        with_credential = await elsewhere.me()
        lab.claim(
            "A credential is recognised on a connection that never logged in",
            expected="200 on a new connection",
            observed=f"{with_credential.status} on {with_credential.connection}",
        )

        alice.forget()
        without = await alice.me_times(TIMES)
        lab.claim(
            "Without it the server knows nobody, even on the connection that just logged in",
            expected=share(TIMES, TIMES, "answered 401 on the same connection"),
            observed=share(
                sum(a.status == 401 and a.connection == "the same connection" for a in without),
                TIMES,
                "answered 401 on the same connection",
            ),
        )


if __name__ == "__main__":
    main(stateless_http)
