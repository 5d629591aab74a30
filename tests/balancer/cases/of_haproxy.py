"""After HAProxy's own tests and test configurations (haproxy/haproxy)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.balancer.cases.case import case
from tests.balancer.cases.interface import Setup

if TYPE_CHECKING:
    from tests.balancer.cases.rig import Rig

INDIRECT = "haproxy/haproxy reg-tests/http-cookies/cookie_insert_indirect.vtc"
CONF = "haproxy/haproxy tests/conf/test-{}.cfg"
SERVICES = "haproxy/haproxy reg-tests/stickiness/lb-services.vtc"
ADDRESS = "haproxy/haproxy reg-tests/stickiness/srvkey-addr.vtc"
SYNC = "haproxy/haproxy reg-tests/peers/basic_sync.vtc"

TWO = {"n1": 1, "n2": 1}


@case("A wrong cookie never reaches the app; the client gets a right one", INDIRECT)
async def a_wrong_cookie_is_stripped(rig: Rig) -> None:
    await rig.start()
    answer = await rig.ask("/", "PIN=s9")
    assert answer.cookie_seen == ""
    assert answer.pair.startswith("PIN=")


@case("The log says what was found and what was done: none, valid, wrong, gone", INDIRECT)
async def the_log_has_the_verdict(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    assert await rig.verdict(first) == "NI"
    assert await rig.verdict(await rig.ask("/", first.pair)) == "VN"
    assert await rig.verdict(await rig.ask("/", "PIN=s9")) == "II"
    await rig.kill(first.backend)
    assert (await rig.verdict(await rig.ask("/", first.pair)))[0] == "D"


@case("The app never sees the cookie of a client that comes back", CONF.format("cookie-indirect"))
async def the_app_never_sees_it(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    assert (await rig.ask("/", first.pair)).cookie_seen == ""
    assert (await rig.ask("/", f"a=1; {first.pair}; b=2")).cookie_seen == "a=1; b=2"


@case(
    "It is found among odd neighbours and odd spaces, which reach the app unchanged",
    CONF.format("cookie-indirect"),
)
async def found_in_an_odd_field(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    _, _, value = first.pair.partition("=")
    odd = f'$Version="1"; Customer="WILE"; $Path="/acme";   PIN= {value} ; Part="Rocket"; x'
    again = await rig.ask("/", odd)
    assert again.backend == first.backend
    seen = [part.strip() for part in again.cookie_seen.split(";")]
    assert seen == ['$Version="1"', 'Customer="WILE"', '$Path="/acme"', 'Part="Rocket"', "x"]


@case(
    "The cookie is found among a hundred",
    CONF.format("cookie-insert"),
    CONF.format("cookie-indirect"),
)
async def found_among_a_hundred(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    others = "; ".join(f"c{n}=v{n}" for n in range(100))
    again = await rig.ask("/", f"{others}; {first.pair}; last=1")
    assert again.backend == first.backend
    assert again.cookie_seen == f"{others}; last=1"


async def _tied_by_the_apps_cookie(rig: Rig, mode: str, value: str = "v1") -> str:
    """The client logs in and stays, with one cookie only; what the app saw of it."""
    await rig.start(Setup(TWO, affinity=f"{mode}:sid"))
    await rig.ask()
    login = await rig.ask(f"/?set={value}")
    assert login.pair.startswith("sid="), "no cookie but the app's"
    for _ in range(4):
        again = await rig.ask("/", login.pair)
        assert again.backend == login.backend
        assert again.set_cookies == []
    return again.cookie_seen


@case("The app's own cookie is enough, and the app sees what it set", CONF.format("cookie-prefix"))
async def tied_as_by_prefix(rig: Rig) -> None:
    assert await _tied_by_the_apps_cookie(rig, "prefix") == "sid=v1"


@case(
    "The same where HAProxy rewrites its value",
    CONF.format("cookie-rewrite"),
    differs={"haproxy": "with `rewrite` the app's value is lost: it gets the server's name back"},
)
async def tied_as_by_rewrite(rig: Rig) -> None:
    assert await _tied_by_the_apps_cookie(rig, "rewrite") == "sid=v1"


@case("The app's own cookie is enough when it names the backend", CONF.format("cookie-passive"))
async def tied_as_by_passive(rig: Rig) -> None:
    seen = await _tied_by_the_apps_cookie(rig, "passive", "MY-NAME")
    assert seen in {"sid=n1", "sid=n2"}


@case(
    "An app that sets a cookie of the balancer's name does not undo a pin",
    CONF.format("cookie-insert"),
)
async def the_apps_namesake(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    again = await rig.ask("/?set=mine&name=PIN", first.pair)
    values = [line.partition(";")[0] for line in again.set_cookies]
    last = (values or [first.pair])[-1]
    assert (await rig.ask("/", last)).backend == first.backend
    assert await rig.verdict(await rig.ask("/", last)) == "VN"


@case("Requests with the same header's value go to the same backend", SERVICES)
async def tied_by_a_header(rig: Rig) -> None:
    await rig.start(Setup(affinity="header:X-Client"))
    for user in range(9):
        answers = [await rig.ask("/", "", f"X-Client: c{user}") for _ in range(2)]
        assert answers[0].backend == answers[1].backend != ""


@case("Requests from the same address go to the same backend", SERVICES)
async def tied_by_the_address(rig: Rig) -> None:
    await rig.start(Setup(affinity="source"))
    assert len(await rig.shares(12)) == 1


@case(
    "A pin by header or address holds when a backend is added",
    SERVICES,
    differs={"nginx": "a consistent hash moves one client in n + 1"},
)
async def tables_hold_while_growing(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="header:X-Client"))
    users = [f"X-Client: c{user}" for user in range(40)]
    homes = [(await rig.ask("/", "", user)).backend for user in users]
    await rig.revive("n3")
    await rig.balancer.reload(replace(rig.setup, backends={**TWO, "n3": 1}))
    assert [(await rig.ask("/", "", user)).backend for user in users] == homes


@case("All of a balancer's workers or threads know a pin that one has made", SYNC, SERVICES)
async def workers_share_pins(rig: Rig) -> None:
    await rig.start(Setup(affinity="learn:sid", workers=2))
    for user in range(6):
        login = await rig.ask(f"/?set=user{user}")
        assert await rig.shares(6, cookie=login.pair) == {login.backend: 6}


@case(
    "A pin follows its backend's name to another address",
    ADDRESS,
    differs={"nginx": "a hash is over addresses"},
)
async def pins_follow_the_name(rig: Rig) -> None:
    await rig.start(Setup(affinity="header:X-Client"))
    homes = {n: (await rig.ask("/", "", f"X-Client: c{n}")).backend for n in range(40)}
    await rig.revive("n9")
    await rig.balancer.reload(replace(rig.setup, moved={"n2": "n9"}))
    for number, home in homes.items():
        now = (await rig.ask("/", "", f"X-Client: c{number}")).backend
        assert now == {"n2": "n9"}.get(home, home)


@case("A backend drains when it answers its checks with a refusal", CONF.format("disable-404"))
async def a_backend_asks_to_drain(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    await rig.balancer.sees_unready(first.backend, rig.backends[first.backend])
    assert await rig.shares(4, cookie=first.pair) == {first.backend: 4}
    assert first.backend not in await rig.shares(4)


@case(
    "A drain that its clients keep alive ends at its limit, and they are moved and told",
    "haproxy/haproxy #2894",
)
async def a_drain_ends(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    await rig.balancer.drain(first.backend, limit=1)
    assert (await rig.ask("/", first.pair)).backend == first.backend
    async with asyncio.timeout(10):
        while (moved := await rig.ask("/", first.pair)).backend == first.backend:
            await asyncio.sleep(0.05)
    assert moved.status == 200
    assert await rig.shares(3, cookie=moved.pair) == {moved.backend: 3}
