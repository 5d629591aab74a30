"""After the tests of Traefik, Caddy, ingress-nginx and Envoy, and after Gateway API's GEP-1619."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.balancer.cases.case import case
from tests.balancer.cases.interface import Cookie, Setup
from tests.balancer.cases.rig import Rig, Visitor

TRAEFIK = "traefik/traefik pkg/server/service/loadbalancer/sticky_test.go"
WRR = "traefik/traefik pkg/server/service/loadbalancer/wrr/wrr_test.go"
CADDY = "caddyserver/caddy modules/caddyhttp/reverseproxy/selectionpolicies_test.go"
STICKY_LUA = "kubernetes/ingress-nginx rootfs/etc/nginx/lua/test/balancer/sticky_test.lua"
MODE = "kubernetes/ingress-nginx test/e2e/annotations/affinitymode.go"
ENVOY = "envoyproxy/envoy test/extensions/filters/http/stateful_session/stateful_session_integration_test.cc"  # noqa: E501
GEP = "kubernetes-sigs/gateway-api geps/gep-1619"

TWO = {"n1": 1, "n2": 1}


# --- Traefik -----------------------------------------------------------------------------------


@case("No, a wrong and a right cookie: chosen, chosen anew, obeyed", TRAEFIK)
async def three_cookies(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    wrong = await rig.ask("/", "PIN=" + "0123456789abcdef" * 4)
    assert [len(answer.set_cookies) for answer in (first, wrong)] == [1, 1]
    assert await rig.shares(3, cookie=first.pair) == {first.backend: 3}
    assert await rig.shares(3, cookie=wrong.pair) == {wrong.backend: 3}


@case("The heavier backend gets the first client, and keeps it", WRR)
async def weight_then_pin(rig: Rig) -> None:
    await rig.start(Setup({"n1": 1, "n2": 2}))
    first = await rig.ask()
    assert first.backend == "n2"
    assert await rig.shares(3, cookie=first.pair) == {"n2": 3}


@case("While every backend drains, its own are served and new clients get 503", WRR)
async def all_in_drain(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    for name in TWO:
        await rig.balancer.drain(name)
    assert await rig.shares(4, cookie=first.pair) == {first.backend: 4}
    assert (await rig.ask()).status == 503


@case("After a drain a backend takes new clients again", WRR)
async def drain_and_back(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    await rig.balancer.drain("n1")
    assert await rig.shares(4) == {"n2": 4}
    await rig.balancer.resume("n1")
    assert set(await rig.shares(4)) == {"n1", "n2"}


# --- Caddy -------------------------------------------------------------------------------------


@case("A pin made while the others were down holds when they are back", CADDY)
async def pin_of_the_only_one(rig: Rig) -> None:
    await rig.start()
    for name in ("n2", "n3"):
        await rig.kill(name)
    first = await rig.ask()
    assert first.backend == "n1"
    for name in ("n2", "n3"):
        await rig.back(name)
    assert await rig.shares(6, cookie=first.pair) == {"n1": 6}


@case("Who is pinned to a backend found down moves, is told, and stays moved", CADDY)
async def pinned_to_the_dead(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    await rig.kill(first.backend)
    moved = await rig.ask("/", first.pair)
    assert moved.backend not in {"", first.backend}
    await rig.back(first.backend)
    assert await rig.shares(4, cookie=moved.pair) == {moved.backend: 4}


@case(
    "Over TLS the cookie is Secure without being asked",
    CADDY,
    STICKY_LUA,
    differs={"haproxy": "`secure` is said by the configuration alone"},
)
async def secure_over_tls(rig: Rig) -> None:
    await rig.start(Setup(tls=rig.certificate()))
    assert "secure" in (await rig.ask()).attributes


@case("Without TLS the cookie is not Secure, so that browsers send it back", CADDY, STICKY_LUA)
async def not_secure_without_tls(rig: Rig) -> None:
    await rig.start()
    assert "secure" not in (await rig.ask()).attributes


@case(
    "A cookie changed by one character is not obeyed, and replaced",
    CADDY,
    differs={"haproxy": "the value is a name: another's name is obeyed"},
)
async def tampered_cookie(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    for changed in ("1", "2", "3"):
        answer = await rig.ask("/", first.pair[:-1] + changed)
        assert first.pair[-1] == changed or answer.set_cookies != []


# --- ingress-nginx -----------------------------------------------------------------------------


@case("A pin holds through a scale-out, one backend after another", MODE)
async def pin_holds_while_growing(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    backends = dict(TWO)
    for number in range(3, 7):
        await rig.revive(f"n{number}")
        backends[f"n{number}"] = 1
        await rig.balancer.reload(replace(rig.setup, backends=backends))
        assert await rig.shares(2, cookie=first.pair) == {first.backend: 2}
    assert set(await rig.shares(6)) == set(backends), "the new ones are there"


@case("With all backends gone 503; when new ones come they take the client over", MODE)
async def to_zero_and_back(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    for name in TWO:
        await rig.kill(name)
    assert (await rig.ask("/", first.pair)).status == 503
    await rig.revive("n3")
    await rig.balancer.reload(replace(rig.setup, backends={"n3": 1}))
    taken = await rig.ask("/", first.pair)
    assert taken.backend == "n3"
    assert (await rig.ask("/", taken.pair)).set_cookies == []


@case("A hundred requests of a client go to one backend", STICKY_LUA)
async def a_hundred_requests(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    assert await rig.shares(100, cookie=first.pair) == {first.backend: 100}


@case("When that is asked for, a lost pin is an error and not moved", STICKY_LUA, ENVOY)
async def strict_pins(rig: Rig) -> None:
    await rig.start(Setup(pin_lost="fail"))
    first = await rig.ask()
    await rig.kill(first.backend)
    assert (await rig.ask("/", first.pair)).status == 503
    await rig.back(first.backend)
    assert (await rig.ask("/", first.pair)).backend == first.backend


# --- Envoy -------------------------------------------------------------------------------------


@case("The cookie of a backend that was removed is replaced by another's", ENVOY)
async def pinned_to_the_removed(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    left = {name: 1 for name in rig.setup.backends if name != first.backend}
    await rig.balancer.reload(replace(rig.setup, backends=left))
    moved = await rig.ask("/", first.pair)
    assert moved.backend in left
    assert await rig.shares(3, cookie=moved.pair) == {moved.backend: 3}


async def _ends(rig: Rig, cookie: Cookie, first_letter: str) -> None:
    """After a while the pin is not believed any more, and the client gets a new one."""
    await rig.start(Setup(cookie=cookie))
    first = await rig.ask()
    assert (await rig.verdict(await rig.ask("/", first.pair)))[0] == "V"

    async def found() -> str:
        answer = await rig.ask("/", first.pair)
        return (await rig.verdict(answer))[0] if answer.set_cookies else "V"

    async with asyncio.timeout(30):
        while (letter := await found()) == "V":
            await asyncio.sleep(0.2)
    assert letter == first_letter


@case("A pin older than its life ends, and the client gets a new one", ENVOY)
async def pins_grow_old(rig: Rig) -> None:
    await _ends(rig, Cookie(max_life=2), "O")


@case("A pin that was idle for too long ends, and the client gets a new one", ENVOY)
async def pins_expire(rig: Rig) -> None:
    await _ends(rig, Cookie(max_idle=2), "E")


@case("A service can do without affinity while another has it", ENVOY)
async def affinity_for_each_service(rig: Rig) -> None:
    await rig.start(Setup(TWO, services={"tied": "cookie", "free": "none"}))
    first = await rig.ask("/tied/")
    assert await rig.shares(4, "/tied/", first.pair) == {first.backend: 4}
    assert await rig.shares(4, "/free/", first.pair) == {"n1": 2, "n2": 2}
    assert (await rig.ask("/free/")).set_cookies == []


@case("Services can have affinities of different kinds", ENVOY)
async def kinds_for_each_service(rig: Rig) -> None:
    await rig.start(Setup(TWO, services={"own": "cookie", "app": "learn:sid"}))
    first, login = await rig.ask("/own/"), await rig.ask("/app/?set=v1")
    both = f"{first.pair}; {login.pair}"
    assert await rig.shares(4, "/own/", both) == {first.backend: 4}
    assert await rig.shares(4, "/app/", both) == {login.backend: 4}


# --- GEP-1619 ----------------------------------------------------------------------------------


@case("The same backend over fifty requests", GEP)
async def fifty_requests(rig: Rig) -> None:
    await rig.start(Setup({"n1": 1, "n2": 1, "n3": 1, "n4": 1}))
    first = await rig.ask()
    assert await rig.shares(50, cookie=first.pair) == {first.backend: 50}


@case("A session cookie has neither Expires nor Max-Age", GEP)
async def session_cookie(rig: Rig) -> None:
    await rig.start(Setup(cookie=Cookie(max_life=300)))
    assert not {"expires", "max-age"} & set((await rig.ask()).attributes)


@case("A permanent cookie's Max-Age is the life of its pin", GEP, TRAEFIK, ENVOY)
async def permanent_cookie(rig: Rig) -> None:
    await rig.start(Setup(cookie=Cookie(max_life=300, permanent=True)))
    assert (await rig.ask()).attributes["max-age"] == "300"


@case("New clients go by weight, and stay where they are whatever becomes of it", GEP)
async def weights_then_pins(rig: Rig) -> None:
    await rig.start(Setup({"n1": 7, "n2": 3}))
    answers = [await rig.ask() for _ in range(20)]
    assert [a.backend for a in answers].count("n1") == 14
    await rig.balancer.weigh("n1", 0)
    for answer in answers:
        assert (await rig.ask("/", answer.pair)).backend == answer.backend
    assert await rig.shares(3) == {"n2": 3}


@case("A browser keeps its backend in each of two services that it visits in turn", GEP)
async def services_do_not_share_pins(rig: Rig) -> None:
    await rig.start(Setup(services={"a": "cookie", "b": "cookie"}))
    await rig.ask("/b/")  # so that the turns of the two services differ
    browser = Visitor(rig)
    homes = {path: (await browser.ask(path)).backend for path in ("/a/x", "/b/x")}
    for _ in range(4):
        for path, home in homes.items():
            assert (await browser.ask(path)).backend == home
    assert homes["/a/x"] != homes["/b/x"]


@case("The app's cookies pass both ways beside the balancer's", GEP)
async def several_cookies(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask("/?set=app")
    pairs = {line.partition(";")[0] for line in first.set_cookies}
    assert "sid=app" in pairs
    assert len(pairs) == 2
    again = await rig.ask("/", "; ".join(sorted(pairs)))
    assert (again.backend, again.cookie_seen) == (first.backend, "sid=app")


@case("Pins in cookies hold over a restart of the balancer", GEP)
async def pins_over_a_restart(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    await rig.balancer.restart()
    assert await rig.shares(4, cookie=first.pair) == {first.backend: 4}
