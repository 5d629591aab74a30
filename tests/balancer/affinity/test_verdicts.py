"""Every request says what was found of its pin, what was done about it, and why it moved."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.backends.state import State
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.proxy import context as context_module
from sessionlab.balancer.sockets.closing import close_all
from tests.balancer.admin.test_api import call
from tests.balancer.affinity.test_pinning import _app, pair
from tests.balancer.rawhttp import Backend, connect, get, ok, until

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab
    from tests.balancer.rawhttp import Message


async def ask(balancer: Running, cookie: str = "", path: str = "/", *lines: str) -> Message:
    fields = [f"Cookie: {cookie}"] if cookie else []
    async with connect(balancer.listen) as client:
        return await client.get(path, *fields, *lines)


def said(answer: Message) -> str:
    """The verdict on an answer, `VN` or `DI backend-down`, which has exactly one."""
    (value,) = answer.values("x-balancer")
    backend, _, rest = value.decode().partition("; affinity=")
    assert backend == f"backend={(answer.value('x-node') or b'-').decode()}"
    return rest.replace("; reason=", " ")


async def verdict(balancer: Running, cookie: str = "", path: str = "/", *lines: str) -> str:
    return said(await ask(balancer, cookie, path, *lines))


async def pinned(lab: Lab, affinity: str, **options: Any) -> tuple[Running, str, str]:
    """A balancer with three backends that explains, a cookie that pins, and where to."""
    backends = [await lab.backend(f"n{i}", _app) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True, **options)
    answer = await ask(balancer, path="/login" if affinity != "cookie" else "/")
    assert said(answer) == "NI"
    return balancer, pair(answer), (answer.value("x-node") or b"").decode()


class Clock:
    """The balancer's clock, which can be put forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        monkeypatch.setattr(context_module, "time", SimpleNamespace(time=self._time))

    def _time(self) -> float:
        return time.time() + self._ahead

    def forward(self, balancer: Running, seconds: float) -> None:
        self._ahead += seconds
        balancer.context.wall = self._time()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_valid_pin_is_left_as_it_is(lab: Lab, affinity: str) -> None:
    balancer, cookie, _ = await pinned(lab, affinity)
    async with connect(balancer.listen) as client:  # the second time by the short way
        for _ in range(3):
            assert said(await client.get("/", f"Cookie: {cookie}")) == "VN"


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_pin_moves_because_its_backend_is_down(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await pinned(lab, affinity)
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    moved = await ask(balancer, cookie)
    assert said(moved) == "DI backend-down"
    if affinity == "cookie":
        cookie = pair(moved)
    assert await verdict(balancer, cookie) == "VN"


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_pin_is_lost_where_it_may_not_move(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await pinned(lab, affinity, on_pin_lost="fail")
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    answer = await ask(balancer, cookie)
    assert (answer.status, said(answer)) == (503, "DN backend-down")


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_a_backend_that_refuses_the_connection_is_down(lab: Lab, affinity: str) -> None:
    backends = [await lab.backend(f"n{i}", _app) for i in range(2)]
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True)
    login = await ask(balancer, path="/login")
    cookie, home = pair(login) if affinity != "cookie" else "", login.value("x-node")
    if affinity == "cookie":
        cookie = "; ".join(v.partition(b";")[0].decode() for v in login.values("set-cookie"))
    await next(b for b in backends if b.name.encode() == home).stop()
    assert await verdict(balancer, cookie) == "DI backend-down"


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid", "header:X-User"])
async def test_a_pin_moves_because_its_backend_was_removed(lab: Lab, affinity: str) -> None:
    backends = [await lab.backend(f"n{i}", _app) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True)
    first = await ask(balancer, "", "/login", "X-User: u")
    cookie = "; ".join(v.partition(b";")[0].decode() for v in first.values("set-cookie"))
    close_all(balancer.context.cluster.remove("app", (first.value("x-node") or b"").decode()))
    moved = await ask(balancer, cookie, "/", "X-User: u")
    assert said(moved) == "II removed"
    if affinity == "cookie":
        cookie = pair(moved)
    again = await ask(balancer, cookie, "/", "X-User: u")
    assert (said(again), again.value("x-node")) == ("VN", moved.value("x-node"))


async def test_who_comes_for_the_first_time_has_no_pin(lab: Lab) -> None:
    for affinity in ("source", "header:X-User"):
        backend = await lab.backend(f"n-{affinity[0]}")
        balancer = await lab.balancer(backend, affinity=affinity, explain=True)
        assert await verdict(balancer, "", "/", "X-User: a") == "NI"
        assert await verdict(balancer, "", "/", "X-User: a") == "VN"
    assert await verdict(balancer) == "NN", "without the header there is nothing to pin"


async def test_a_made_up_cookie_is_invalid_and_replaced(lab: Lab) -> None:
    balancer, cookie, _ = await pinned(lab, "cookie")
    for forged in ("SESSIONLAB=n1", "SESSIONLAB=" + "x" * 4000, f"{cookie}x", "SESSIONLAB="):
        assert await verdict(balancer, forged) == "II"
    assert await verdict(balancer, f"SESSIONLAB=forged; {cookie}") == "VN"
    many = "; ".join(f"c{i}=v" for i in range(98))
    assert await verdict(balancer, f"{many}; SESSIONLAB=forged; {cookie}") == "VN"
    hundred = "; ".join(["SESSIONLAB=forged"] * 100)
    assert await verdict(balancer, hundred) == "II"


async def test_a_cookie_that_was_idle_or_lived_for_too_long(lab: Lab, clock: Clock) -> None:
    for options, letter in (({"cookie_max_idle": 60.0}, "E"), ({"cookie_max_life": 60.0}, "O")):
        balancer, cookie, _ = await pinned(lab, "cookie", **options)
        clock.forward(balancer, 61.5)
        assert await verdict(balancer, cookie) == f"{letter}I expired"


async def test_a_cookie_in_use_is_renewed(lab: Lab, clock: Clock) -> None:
    balancer, cookie, _ = await pinned(lab, "cookie", cookie_max_idle=600.0)
    assert await verdict(balancer, cookie) == "VN"
    clock.forward(balancer, 100.0)
    renewed = await ask(balancer, cookie)
    assert said(renewed) == "VU"
    clock.forward(balancer, 550.0)
    assert await verdict(balancer, pair(renewed)) == "VU", "it slides"
    assert await verdict(balancer, cookie) == "EI expired"


async def test_a_pin_of_a_table_that_was_idle_for_too_long(lab: Lab, clock: Clock) -> None:
    balancer, cookie, _ = await pinned(lab, "learn:sid", table_idle=60.0)
    clock.forward(balancer, 61.0)
    assert await verdict(balancer, cookie) == "EN expired"
    assert await verdict(balancer, cookie) == "EN expired"


async def test_a_pin_that_had_to_make_room(lab: Lab) -> None:
    backend = await lab.backend()
    balancer = await lab.balancer(backend, affinity="header:X-User", table_entries=1, explain=True)
    for user in ("a", "b"):
        assert await verdict(balancer, "", "/", f"X-User: {user}") == "NI"
    assert await verdict(balancer, "", "/", "X-User: a") == "NI evicted"


async def test_a_balancer_started_again_has_lost_its_table(lab: Lab) -> None:
    first, cookie, _ = await pinned(lab, "learn:sid")
    second = await lab.balancer(
        *(f"{b.name}={b.address}" for b in first.context.cluster.backends()),
        affinity="learn:sid",
        explain=True,
    )
    assert await verdict(first, cookie) == "VN"
    assert await verdict(second, cookie) == "IN table-lost"


async def test_what_the_app_does_to_its_cookie_is_said(lab: Lab) -> None:
    balancer, cookie, home = await pinned(lab, "learn:sid")
    again = await ask(balancer, cookie, "/login")
    assert (again.value("x-node") or b"").decode() == home
    assert said(again) == "VU", "the same value again"
    assert await verdict(balancer, cookie, "/logout") == "VD"
    assert await verdict(balancer, cookie) == "IN", "no pin was lost by accident"


async def test_a_cookie_from_before_affinity_was_turned_off_is_unused(lab: Lab) -> None:
    balancer, cookie, _ = await pinned(lab, "cookie")
    specs = [f"{b.name}={b.address}" for b in balancer.context.cluster.backends()]
    options = Options(backend=specs, explain=True, health_interval=0.0)
    balancer.reload(lambda: configure(options, secret=b"k"))
    assert await verdict(balancer, cookie) == "UN"
    assert await verdict(balancer, "SESSIONLABEL=x") == "NN"
    assert await verdict(balancer) == "NN"


async def test_a_full_backend_overflows_to_another(lab: Lab) -> None:
    """HAProxy's maxconn with maxqueue; its cookie is set anew then."""

    async def slow(
        backend: Backend, request: Message, reader: asyncio.StreamReader, _: asyncio.StreamWriter
    ) -> None:
        if b"/slow" in request.line:
            await reader.read()
        else:
            _.write(ok(b"", b"X-Node: " + backend.name.encode()))

    backends = [await lab.backend(f"n{i}", slow) for i in range(2)]
    options: Any = {"affinity": "cookie", "explain": True, "max_active": 1, "max_queue": 0}
    balancer = await lab.balancer(*backends, **options)
    first = await ask(balancer)
    async with connect(balancer.listen) as busy:
        await busy.send(get("/slow", f"Cookie: {pair(first)}"))
        await until(lambda: any(b.active for b in balancer.context.cluster.backends()))
        moved = await ask(balancer, pair(first))
        assert moved.value("x-node") != first.value("x-node")
        assert said(moved) == "VI saturated"
    await until(lambda: not any(b.active for b in balancer.context.cluster.backends()))
    assert await verdict(balancer, pair(moved)) == "VN"


async def test_the_balancers_own_answers_are_explained_too(lab: Lab) -> None:
    balancer = await lab.balancer(affinity="cookie", explain=True)
    async with connect(balancer.listen) as client:
        assert said(await client.get()) == "NN"
        assert said(await client.ask(b"GET / HTTP/1.1\r\n\r\n")) == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX-Big: %b\r\n\r\n" % (b"x" * 20_000),
    ],
)
async def test_what_is_refused_unread_has_no_verdict(
    lab: Lab, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may have carried a pin; nobody looked."""
    backend = await lab.backend()
    balancer = await lab.balancer(backend, route=["/a=app"], explain=True, access_log="json")
    async with connect(balancer.listen) as client:
        answer = await client.ask(raw)
    assert answer.values("x-balancer") == [b"backend=-"]
    text = (await call(balancer, "GET", "/metrics")).body.decode()
    assert 'balancer_affinity_total{service="-",found="-",done="-",reason=""} 1\n' in text
    assert 'found="N"' not in text
    await balancer.context.close()
    assert [json.loads(line)["affinity"] for line in capfd.readouterr().out.splitlines()] == ["--"]


async def test_nothing_of_an_earlier_request_is_said_about_a_bad_one(lab: Lab) -> None:
    balancer, cookie, _ = await pinned(lab, "cookie")
    async with connect(balancer.listen) as client:
        assert said(await client.get("/", f"Cookie: {cookie}")) == "VN"
        assert said(await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")) == ""


async def test_a_switch_of_protocols_is_explained_and_pins(lab: Lab) -> None:
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    balancer = await lab.balancer(
        await lab.backend("n1", switching), affinity="cookie", explain=True
    )
    async with connect(balancer.listen) as client:
        await client.send(get("/", "Connection: Upgrade", "Upgrade: x"))
        head = await client.reader.readuntil(b"\r\n\r\n")
    assert b"X-Balancer: backend=n1; affinity=NI\r\n" in head
    assert b"Set-Cookie: SESSIONLAB=" in head


@pytest.mark.parametrize("explain", [True, False])
async def test_a_header_of_that_name_never_passes(lab: Lab, explain: bool) -> None:
    backend = await lab.backend(answer=ok(b"", b"X-Balancer: backend=n9; affinity=VN"))
    balancer = await lab.balancer(backend, explain=explain)
    for name in ("X-Balancer", "x_balancer", "X-BALANCER"):
        answer = await ask(balancer, "", "/", f"{name}: forged")
        assert answer.values("x-balancer") == ([b"backend=n1; affinity=NN"] if explain else [])
    assert all(b"forged" not in request.head for request in backend.requests)


async def test_the_counter_and_the_log_say_the_same_as_the_header(
    lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    balancer, cookie, home = await pinned(lab, "cookie", access_log="json")
    asked = (cookie, cookie, "SESSIONLAB=forged", "")
    heard = ["NI", *[await verdict(balancer, each) for each in asked]]
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    heard.append(await verdict(balancer, cookie))
    async with connect(balancer.listen) as client:
        heard.append(said(await client.ask(b"nonsense\r\n\r\n")))
    text = (await call(balancer, "GET", "/metrics")).body.decode()
    counted = {
        'service="app",found="V",done="N",reason=""': heard.count("VN"),
        'service="app",found="N",done="I",reason=""': heard.count("NI"),
        'service="app",found="I",done="I",reason=""': heard.count("II"),
        'service="app",found="D",done="I",reason="backend-down"': 1,
        'service="-",found="-",done="-",reason=""': 1,
    }
    for labels, number in counted.items():
        assert f"balancer_affinity_total{{{labels}}} {number}\n" in text
    await balancer.context.close()
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    logged = [f"{row['affinity']} {row['reason'] or ''}".strip() for row in rows]
    assert logged == [each or "--" for each in heard]
