"""A drain keeps its own, takes no others, says how long it will take, and ends."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.backends.backend import Backend as Known
from sessionlab.balancer.backends.state import Finding, State
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.model import Address, BackendSpec, CookiePolicy, ServicePolicy
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.services.drain import Watch, outlook
from tests.balancer.admin.test_api import call
from tests.balancer.affinity.test_pinning import _app, pair
from tests.balancer.affinity.test_verdicts import Clock, ask, clock, pinned, said, verdict
from tests.balancer.processes.test_process import started
from tests.balancer.processes.test_workers import call as call_process
from tests.balancer.rawhttp import Backend, Message, connect, until

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab
    from tests.balancer.processes.test_process import Started

__all__ = ["clock"]
AFFINITIES = ["cookie", "learn:sid"]


async def drain(balancer: Running, name: str, **more: Any) -> Any:
    answer = await call(balancer, "PATCH", f"/backends/app/{name}", {"state": "drain", **more})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def row(balancer: Running, name: str) -> Any:
    rows = json.loads((await call(balancer, "GET", "/backends")).body)["backends"]
    return next(each for each in rows if each["name"] == name)


@pytest.mark.parametrize("affinity", AFFINITIES)
async def test_its_own_stay_and_new_ones_do_not_come(lab: Lab, affinity: str) -> None:
    balancer, cookie, home = await pinned(lab, affinity)
    drained = await drain(balancer, home)
    assert (drained["state"], drained["drain"]["pins_left"]) == ("drain", 1)
    for _ in range(3):
        assert await verdict(balancer, cookie) == "VN"
        assert (await ask(balancer)).value("x-node") != home.encode()


@pytest.mark.parametrize("affinity", AFFINITIES)
async def test_after_the_limit_its_clients_are_moved(lab: Lab, clock: Clock, affinity: str) -> None:
    balancer, cookie, home = await pinned(lab, affinity)
    said_so = (await drain(balancer, home, limit=60))["drain"]
    assert 0 < said_so["ends_in"] <= 60
    assert said_so["says"] == "1 client left, at most 60 s"
    assert await verdict(balancer, cookie) == "VN"
    clock.forward(balancer, 61)
    balancer.context.cluster.keep_time(balancer.context.wall)
    moved = await ask(balancer, cookie)
    assert (said(moved), moved.value("x-node") != home.encode()) == ("DI drained", True)
    if affinity == "cookie":
        cookie = pair(moved)
    await call(balancer, "PATCH", f"/backends/app/{home}", {"state": "up"})
    again = await ask(balancer, cookie)
    assert (said(again), again.value("x-node")) == ("VN", moved.value("x-node")), "it stays there"


async def test_a_limit_that_passes_is_seen_by_the_admin_and_by_requests(lab: Lab) -> None:
    balancer, cookie, home = await pinned(lab, "cookie")
    await drain(balancer, home, limit=0.01)
    await until(lambda: balancer.context.cluster.find("app", home).state is State.DRAINED)
    shown = await row(balancer, home)
    assert (shown["state"], shown["asked"], shown["drain"]["ends_in"]) == ("drained", "drain", 0)
    assert await verdict(balancer, cookie) == "DI drained"


async def test_moved_even_where_a_lost_pin_fails(lab: Lab) -> None:
    balancer, cookie, home = await pinned(lab, "cookie", on_pin_lost="fail")
    await drain(balancer, home, limit=0.01)
    await until(lambda: balancer.context.cluster.find("app", home).state is State.DRAINED)
    assert await verdict(balancer, cookie) == "DI drained"


@pytest.mark.parametrize("limit", [{}, {"limit": 0.01}])
async def test_the_only_one_left_serves_its_own_and_nobody_else(
    lab: Lab, limit: dict[str, float]
) -> None:
    """As nginx does with `drain` (upstream_sticky_drain.t); a stranger has no live upstream."""
    balancer = await lab.balancer(await lab.backend(), affinity="cookie", explain=True)
    cookie = pair(await ask(balancer))
    shown = (await drain(balancer, "n1", **limit))["drain"]
    assert shown["says"].endswith("; nobody else takes new clients, so new clients get 503")
    assert shown["ends_in"] is None
    if limit:
        backend = balancer.context.cluster.find("app", "n1")
        await until(lambda: backend.state is State.DRAINED)
        assert (await row(balancer, "n1"))["drain"]["ends_in"] is None, "it goes on"
    answer = await ask(balancer, cookie)
    assert (answer.status, said(answer)) == (200, "VN")
    stranger = await ask(balancer)
    assert (stranger.status, said(stranger)) == (503, "NN")


async def test_the_default_limit_is_a_setting(lab: Lab) -> None:
    balancer, _, home = await pinned(lab, "cookie", drain_limit=90.0)
    assert (await drain(balancer, home))["drain"]["says"] == "1 client left, at most 90 s"
    assert (await drain(balancer, home, limit=0))["drain"]["ends_in"] is None, "0 is no limit"
    assert (await drain(balancer, home, limit=30))["drain"]["ends_in"] <= 30


async def test_a_node_asks_for_it_and_comes_back_by_itself(lab: Lab) -> None:
    backends = [await lab.backend(f"n{i}", _app) for i in range(3)]
    options: Any = {"affinity": "cookie", "explain": True, "health_interval": 0.01}
    balancer = await lab.balancer(*backends, **options)
    first = await ask(balancer)
    home = next(b for b in backends if b.name.encode() == first.value("x-node"))
    known = balancer.context.cluster.find("app", home.name)
    home.ready = False
    await until(lambda: known.state is State.DRAIN)
    shown = await row(balancer, home.name)
    assert (shown["asked"], shown["state"], shown["drain"]["pins_left"]) == ("up", "drain", 1)
    assert await verdict(balancer, pair(first)) == "VN"
    for _ in range(4):
        assert (await ask(balancer)).value("x-node") != home.name.encode()
    home.ready = True
    await until(lambda: known.state is State.UP)
    assert (await row(balancer, home.name))["drain"] is None
    await home.stop()
    await until(lambda: known.state is State.DOWN)
    assert await verdict(balancer, pair(first)) == "DI backend-down"


async def test_maintenance_ends_a_drain(lab: Lab) -> None:
    balancer, _, home = await pinned(lab, "cookie")
    await drain(balancer, home, limit=60)
    changed = await call(balancer, "PATCH", f"/backends/app/{home}", {"state": "maintenance"})
    assert json.loads(changed.body)["drain"] is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"limit": 5}, b"goes with the state drain"),
        ({"state": "up", "limit": 5}, b"goes with the state drain"),
        ({"state": "drain", "limit": -1}, b"not a number of seconds"),
        ({"state": "drain", "limit": True}, b"not a number of seconds"),
        ({"state": "drain", "limit": "5"}, b"not a number of seconds"),
        (b'{"state": "drain", "limit": Infinity}', b"not a number of seconds"),
        (b'{"state": "drain", "limit": NaN}', b"not a number of seconds"),
        ({"state": "drained"}, b"ask for up, drain or maintenance"),
    ],
)
async def test_bad_limits_change_nothing(lab: Lab, body: Any, said: bytes) -> None:
    balancer = await lab.balancer(*await lab.backends(2))
    answer = await call(balancer, "PATCH", "/backends/app/n1", body)
    assert (answer.status, said in answer.body) == (400, True), answer.body
    assert (await row(balancer, "n1"))["state"] == "up"


async def test_an_unknown_backend_is_told_with_the_known_ones(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2))
    answer = await call(balancer, "PATCH", "/backends/app/n9", {"state": "drain"})
    assert (answer.status, b"there are app/n1, app/n2" in answer.body) == (404, True)


async def test_in_panic_too_the_last_one_drained_keeps_its_own(lab: Lab) -> None:
    balancer, cookie, home = await pinned(lab, "cookie", panic=True)
    cluster = balancer.context.cluster
    cluster.change("app", home, State.DRAIN, None, 0.001)
    cluster.keep_time(time.time() + 60)
    for backend in cluster.backends():
        if backend.name != home:
            cluster.set_finding(backend, Finding.DOWN)
    assert cluster.find("app", home).state == "drained"
    answer = await ask(balancer, cookie)
    assert (answer.status, (answer.value("x-node") or b"").decode()) == (200, home)


# --- how long it will take ---------------------------------------------------------------------


def looks(
    policy: ServicePolicy, pins: int, *, others: bool = True, limit: float = 0.0, began: float = 0.0
) -> tuple[float | None, str]:
    """The outlook 10 s into a drain that began at 1000."""
    backend = Known(BackendSpec("app", "n1", Address("h", 1)), healthy=True)
    backend.asked, backend.asked_limit = State.DRAIN, limit
    backend.keep_drain(1000.0, 0.0)
    backend.keep_drain(1010.0, 0.0)
    found = outlook(backend, Watch(pins, began, others), policy, 1010.0)
    assert found is not None
    assert found["pins_left"] == pins
    return found["ends_in"], found["says"]


def cookies(**policy: float) -> ServicePolicy:
    return ServicePolicy(affinity="cookie", cookie=CookiePolicy(**policy))  # type: ignore[arg-type]


def test_what_ends_a_drain_for_certain() -> None:
    table = ServicePolicy(affinity="learn:sid")
    assert looks(table, 7, limit=22) == (12.0, "7 clients left, at most 12 s")
    assert looks(cookies(max_life=60.0), 7) == (50.0, "7 clients left, at most 50 s")
    assert looks(cookies(max_life=60.0), 1, limit=20)[0] == 10.0
    assert looks(table, 0) == (0.0, "no client left")
    assert looks(table, 3, limit=5) == (
        0.0,
        "3 clients left, past its limit: each is moved when it comes",
    )


def test_what_does_not_end_it() -> None:
    """An idle time ends nothing while clients come (haproxy#2894)."""
    for policy in (cookies(), cookies(max_idle=30.0), ServicePolicy(affinity="source")):
        ends_in, says = looks(policy, 2)
        assert ends_in is None
        assert says == "2 clients left, without a limit: while clients come it does not end"
    assert looks(cookies(max_life=60.0), 2, limit=5, others=False)[0] is None
    assert looks(ServicePolicy(affinity="source"), 2, limit=60, others=False) == (
        None,
        (
            "2 clients left; the limit waits until another backend takes clients; "
            "nobody else takes new clients, so new clients get 503"
        ),
    )


def test_who_left_and_then_went_down_has_no_outlook() -> None:
    backend = Known(BackendSpec("app", "n1", Address("h", 1)), healthy=True)
    backend.found = Finding.LEAVING
    backend.keep_drain(1000.0, 0.0)
    watch = Watch(1, 0.0, others=True)
    assert outlook(backend, watch, cookies(), 1000.0) is not None
    backend.found = Finding.DOWN
    backend.keep_drain(1001.0, 0.0)
    assert outlook(backend, watch, cookies(), 1001.0) is None


def test_that_nobody_was_seen_means_nobody_is_left_only_to_who_watched_long_enough() -> None:
    assert looks(cookies(max_idle=30.0), 0, began=900.0)[0] == 0.0
    assert looks(cookies(max_idle=30.0), 0, began=1000.0)[0] is None
    assert looks(cookies(), 0, began=0.0)[0] is None, "such a cookie has no end"


# --- who is pinned -----------------------------------------------------------------------------


async def test_clients_with_a_cookie_are_counted_once_each(lab: Lab, clock: Clock) -> None:
    balancer, cookie, home = await pinned(lab, "cookie", cookie_max_idle=100.0)
    others = [await ask(balancer) for _ in range(5)]
    for _ in range(3):
        await ask(balancer, cookie)
    shown = json.loads((await call(balancer, "GET", "/affinity")).body)
    assert shown["pins"] == []
    assert shown["counts"] == [
        {"service": "app", "backend": f"n{i}", "clients": 2} for i in range(3)
    ]
    clock.forward(balancer, 60)
    renewed = await ask(balancer, cookie)
    assert said(renewed) == "VU"
    clock.forward(balancer, 60)
    await ask(balancer, pair(renewed))
    assert (await row(balancer, home))["pins"] == 1, "renewed, it is the same client"
    total = sum(each["pins"] for each in [await row(balancer, f"n{i}") for i in range(3)])
    assert (total, len(others)) == (1, 5), "the others were idle for too long"


async def test_a_client_that_moved_counts_where_it_is(lab: Lab) -> None:
    balancer, cookie, home = await pinned(lab, "cookie")
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    moved = await ask(balancer, cookie)
    assert (await row(balancer, home))["pins"] == 0
    assert (await row(balancer, (moved.value("x-node") or b"").decode()))["pins"] == 1


async def test_the_memory_of_clients_is_bounded(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(), affinity="cookie", table_entries=3)
    for _ in range(9):
        await ask(balancer)
    assert (await row(balancer, "n1"))["pins"] == 3


async def test_a_table_says_since_when_and_when_last_a_client_was_seen(
    lab: Lab, clock: Clock
) -> None:
    balancer, cookie, home = await pinned(lab, "learn:sid", table_idle=100.0)
    clock.forward(balancer, 30)
    await ask(balancer, cookie)
    clock.forward(balancer, 10)
    (pin,) = json.loads((await call(balancer, "GET", "/affinity")).body)["pins"]
    assert set(pin) == {"service", "key", "backend", "since", "last_seen", "expires_in"}
    assert (pin["service"], pin["backend"]) == ("app", home)
    assert pin["last_seen"] - pin["since"] == pytest.approx(30, abs=5)
    assert pin["expires_in"] == pytest.approx(90, abs=5)
    assert cookie.partition("=")[2] not in json.dumps(pin)


# --- a reload ----------------------------------------------------------------------------------


async def test_a_reload_with_other_bounds_keeps_the_pins(lab: Lab, clock: Clock) -> None:
    balancer, cookie, home = await pinned(lab, "learn:sid", table_idle=100.0)
    specs = [f"{b.name}={b.address}" for b in balancer.context.cluster.backends()]

    def reload(**changed: Any) -> None:
        options = {"affinity": "learn:sid", "explain": True, "health_interval": 0.0, **changed}
        balancer.reload(lambda: configure(Options(backend=specs, **options), secret=b"k"))

    clock.forward(balancer, 60)
    reload(table_idle=300.0, algorithm="random", max_active=9)
    clock.forward(balancer, 100)
    answer = await ask(balancer, cookie)
    assert (said(answer), answer.value("x-node")) == ("VN", home.encode())
    reload(table_idle=50.0)
    clock.forward(balancer, 60)
    assert await verdict(balancer, cookie) == "EN expired"


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_what_was_removed_at_runtime_stays_away_over_a_reload(
    lab: Lab, tmp_path: Path, workers: str
) -> None:
    one, two = await lab.backends(2)
    path = tmp_path / "b.toml"

    async def reload(*specs: str) -> set[str]:
        path.write_text(f"backend = {json.dumps(specs)}\n")
        await balancer.reload()
        return set(await balancer.rows())

    path.write_text(f"backend = {json.dumps([one.spec, two.spec])}\n")
    async with started("--config", str(path), "--workers", workers) as started_one:
        balancer = Process(started_one)
        await call_process(started_one, "DELETE", "/backends/app/n1")
        assert await reload(one.spec, two.spec) == {"n2"}
        assert await reload(one.spec, two.spec + ",weight=2") == {"n2"}
        assert await reload(one.spec + ",weight=3", two.spec) == {"n1", "n2"}, "news of n1"


async def test_ejection_and_the_end_of_checks_are_taken_over_by_a_reload(lab: Lab) -> None:
    balancer = await lab.balancer("n1=127.0.0.1:1", health_interval=5.0, await_up=False)
    (backend,) = balancer.context.cluster.backends()
    assert backend.state == "down"
    options = Options(backend=["n1=127.0.0.1:1"], health_interval=0.0, eject_after=1)
    balancer.reload(lambda: configure(options, secret=b"k"))
    assert backend.state == "up", "nobody else could say so any more"
    assert backend.ejector.failed(0.0)


async def test_a_login_under_way_during_a_reload_is_learned(lab: Lab) -> None:
    backend = await lab.backend("n1", _app)
    other = await lab.backend("n2", _app)
    balancer = await lab.balancer(backend, affinity="learn:sid", explain=True)
    before = balancer.context.cluster.services["app"]
    options = Options(
        backend=[backend.spec, other.spec], affinity="learn:sid", algorithm="random", explain=True
    )
    balancer.reload(lambda: configure(options, secret=b"k"))
    assert balancer.context.cluster.services["app"] is not before
    claim = before.affinity.table
    assert claim is not None
    assert claim is balancer.context.cluster.services["app"].affinity.table


@pytest.mark.parametrize("bad", [{"algorithm": "best"}, {"affinity": "glue"}])
async def test_a_reload_that_makes_no_sense_changes_nothing(
    lab: Lab, bad: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    balancer = await lab.balancer(await lab.backend(), affinity="cookie")
    cluster = balancer.context.cluster
    before = (cluster.config, dict(cluster.services), cluster.generation)
    balancer.reload(lambda: configure(Options(**bad), secret=b"k"))  # type: ignore[arg-type]
    assert (cluster.config, cluster.services, cluster.generation) == before
    assert "reload refused, going on as before: unknown" in capfd.readouterr().err


class Process:
    """A balancer's process with its admin, and a new connection for each request."""

    def __init__(self, balancer: Started) -> None:
        self._balancer = balancer

    async def rows(self) -> dict[str, Any]:
        found = (await call_process(self._balancer, "GET", "/backends"))["backends"]
        return {each["name"]: each for each in found}

    async def since(self) -> dict[str, float]:
        pins = (await call_process(self._balancer, "GET", "/affinity"))["pins"]
        return {pin["key"]: pin["since"] for pin in pins}

    async def change(self, name: str, **body: Any) -> None:
        await call_process(self._balancer, "PATCH", f"/backends/app/{name}", body)

    async def add(self, backend: Backend) -> None:
        body = {"name": backend.name, "address": f"127.0.0.1:{backend.port}"}
        await call_process(self._balancer, "POST", "/backends", body)

    async def ask(self, path: str = "/", cookie: str = "") -> Message:
        async with connect(self._balancer.address) as client:
            return await client.get(path, *([f"Cookie: {cookie}"] if cookie else []))

    async def log_in(self, backends: int) -> dict[str, bytes | None]:
        """A client on each; where its cookie leads to."""
        homes: dict[str, bytes | None] = {}
        async with asyncio.timeout(10):
            while len(homes) < backends:
                login = await self.ask("/login")
                homes[pair(login)] = login.value("x-node")
        return homes

    async def reload(self) -> None:
        self._balancer.process.send_signal(signal.SIGHUP)
        await self.says("configuration reloaded")

    async def says(self, text: str) -> None:
        """Wait until it says so; nothing is asked of it."""
        assert self._balancer.process.stderr is not None
        async with asyncio.timeout(10):
            while text.encode() not in await self._balancer.process.stderr.readline():
                pass


@pytest.mark.parametrize("workers", ["1", "3"])
async def test_all_of_it_survives_a_reload(lab: Lab, tmp_path: Path, workers: str) -> None:
    """Asked states, a drain's start and limit, learned pins and their ages, runtime backends."""
    backends = [await lab.backend(f"n{i}", _app) for i in range(4)]
    path = tmp_path / "b.toml"
    text = f"backend = {[b.spec for b in backends[:3]]}\naffinity = 'learn:sid'\nexplain = true\n"
    path.write_text(text)
    async with started("--config", str(path), "--workers", workers) as started_one:
        balancer = Process(started_one)
        await balancer.add(backends[3])
        while {row["state"] for row in (await balancer.rows()).values()} != {"up"}:
            pass
        homes = await balancer.log_in(4)
        await balancer.change("n0", state="drain", limit=600)
        await balancer.change("n1", state="maintenance")
        await balancer.change("n3", state="drain")
        before, since = await balancer.rows(), await balancer.since()
        path.write_text(text + "algorithm = 'random'\ntable-idle = 1800\n")
        await balancer.reload()
        after = await balancer.rows()
        kept = ("state", "asked", "weight", "address", "pins")
        assert {n: [row[k] for k in kept] for n, row in after.items()} == {
            n: [row[k] for k in kept] for n, row in before.items()
        }
        assert after["n0"]["drain"]["ends_in"] <= before["n0"]["drain"]["ends_in"] <= 600
        assert after["n3"]["drain"]["ends_in"] is None
        assert await balancer.since() == since
        await _stay(balancer, {c: home for c, home in homes.items() if home != b"n1"})
        assert {(await balancer.ask()).value("x-node") for _ in range(5)} == {b"n2"}


async def _stay(balancer: Process, homes: dict[str, bytes | None]) -> None:
    for cookie, home in list(homes.items()) * 3:
        answer = await balancer.ask("/", cookie)
        assert (answer.value("x-node"), said(answer)) == (home, "VN")


async def test_a_drain_that_a_node_asks_of_several_workers_begins_when_it_asks(lab: Lab) -> None:
    """The parent serves nobody, so nothing but its checks tells it how late it is."""
    backends = await lab.backends(2)
    options = [f"--backend={b.spec}" for b in backends]
    more = ("--workers=2", "--drain-limit=600", "--health-interval=0.05", "--affinity=cookie")
    async with started(*options, *more) as started_one:
        balancer = Process(started_one)
        while {row["state"] for row in (await balancer.rows()).values()} != {"up"}:
            pass
        quiet_since = time.time()
        while time.time() < quiet_since + 0.5:  # nobody asks the admin meanwhile
            await asyncio.sleep(0.01)
        asked = time.time()
        backends[0].ready = False
        await balancer.says("is draining")
        row = (await balancer.rows())["n1"]
        began = time.time() - (600 - row["drain"]["ends_in"])
        assert began > asked - 0.2
