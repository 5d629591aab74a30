"""Clusters of an app that is not ours: all that is done to nodes is done to its copies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from msgspec import to_builtins

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import LINKS, Description, Service
from sessionlab.lab.errors import Skip, StartError, UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.recipes.reading import parse
from sessionlab.lab.record.history import History
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark import ParameterSet

    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")


def needed(program: str) -> ParameterSet:
    return pytest.param(program, marks=pytest.mark.needs(program))


SHOP = Path(__file__).parent.parent / "shop"


@pytest.fixture(autouse=True)
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PYTHON", sys.executable)


@pytest.fixture
def shop(fabric: LocalFabric, seen: list[Event]) -> Callable[..., Cluster]:
    def build(variant: str | None = None, nodes: int = 2, **wishes: Any) -> Cluster:
        return of(fabric, seen, Chosen.read(SHOP, variant), nodes, **wishes)

    return build


@pytest.fixture
def app(
    fabric: LocalFabric, seen: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Cluster]:
    """A cluster of one copy (or more) of a program in Python, given as text."""
    monkeypatch.setattr("sessionlab.lab.cluster.runtime.START_SECONDS", 2.0)
    monkeypatch.setattr("sessionlab.lab.cluster.programs.copies.ELSEWHERE_SECONDS", 1.0)

    def build(program: str, nodes: int = 1, **more: Any) -> Cluster:
        (tmp_path / "app.py").write_text(program)
        run = [sys.executable, "app.py", "{host}", "{port}"]
        me = {"get": "/", "user": {"json": "name"}}
        raw = {"name": "app", "me": me, "app": {"run": run, **more}}
        return of(fabric, seen, Chosen(parse(raw, tmp_path / "sessionlab.toml")), nodes)

    return build


def of(
    fabric: LocalFabric, seen: list[Event], chosen: Chosen, nodes: int, **wishes: Any
) -> Cluster:
    description = Description((Service.of(chosen, nodes),), **wishes)
    sandbox = fabric.sandbox("copies")
    return Cluster(description, sandbox, history=History(), events=Events(seen.append))


async def environment(url: str) -> dict[str, Any]:
    """What a copy of the shop says of its own."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/environment") as got:
        said: dict[str, Any] = await got.json()
        return said


async def test_copies_get_what_their_recipe_says(
    shop: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_STRATEGY", "jwt")
    async with shop() as cluster:
        said = [await environment(node.url) for node in cluster.nodes.values()]
        assert [one["COPY"] for one in said] == ["n1", "n2"]
        assert [one["NUMBER"] for one in said] == ["1", "2"]
        assert {one["PUBLIC"] for one in said} == {cluster.url}
        assert {one["cwd"] for one in said} == {str(SHOP)}
        assert len({one["SECRET"] for one in said}) == 1
        assert len({one["OWN"] for one in said}) == 2
        assert len({one["DATA"] for one in said}) == 2
        assert {Path(one["SHARED"], "made").read_text() for one in said} == {"n1"}
        assert not any("NODE_STRATEGY" in one for one in said)
        assert all(one["PATH"] == os.environ["PATH"] for one in said)


@pytest.mark.parametrize("balancer", [needed("haproxy"), needed("nginx")])
@pytest.mark.parametrize("ready", ["/healthz", "tcp"])
async def test_other_balancers_see_them_up_as_well(
    fabric: LocalFabric, seen: list[Event], balancer: str, ready: str
) -> None:
    recipe = Chosen.read(SHOP).recipe
    raw = to_builtins(recipe)
    raw["app"]["ready"] = ready
    chosen = Chosen(parse(raw, SHOP / "sessionlab.toml"))
    async with of(fabric, seen, chosen, 2, balancer=balancer) as cluster:
        await cluster.add_node()
        states = await cluster.backends()
        assert [states[name] for name in ("n1", "n2", "n3")] == ["up", "up", "up"]
        assert (await cluster.client("alice").try_login()).status == 200


async def test_without_a_balancer_the_copy_s_own_url_is_the_public_one(
    shop: Callable[..., Cluster],
) -> None:
    async with shop(nodes=1, balancer=None) as cluster:
        assert (await environment(cluster.url))["PUBLIC"] == cluster.url


async def test_a_copy_is_killed_stopped_frozen_and_started_as_a_node_is(
    shop: Callable[..., Cluster], seen: list[Event]
) -> None:
    async with shop() as cluster:
        first = await environment(cluster.nodes["n1"].url)
        await cluster.kill("n1")
        await cluster.start("n1")
        again = await environment(cluster.nodes["n1"].url)
        assert again["pid"] != first["pid"]
        assert all(again[name] == first[name] for name in ("OWN", "SECRET", "DATA", "SHARED"))
        await cluster.stop("n1")  # which it heeds: SIGTERM it would not
        await cluster.start("n1")
        await cluster.faults.pause("n2")
        await cluster.faults.resume("n2")
        await cluster.restart_balancer()
        assert await cluster.backends() == {"n1": "up", "n2": "up"}
    kinds = [event.kind for event in seen]
    assert "node.overdue" not in kinds
    assert "node.stopped" in kinds


@pytest.mark.parametrize("how", ["rolling", "blue-green", "recreate"])
async def test_a_deploy_puts_other_copies_in_their_place(
    shop: Callable[..., Cluster], how: str
) -> None:
    async with shop() as cluster:
        old = [await environment(node.url) for node in cluster.nodes.values()]
        await cluster.deploy(how, version="2")
        new = [await environment(node.url) for node in cluster.nodes.values()]
        assert not {one["OWN"] for one in old} & {one["OWN"] for one in new}
        assert not {one["DATA"] for one in old} & {one["DATA"] for one in new}
        assert {one["SECRET"] for one in old} == {one["SECRET"] for one in new}
        assert all(Path(one["SHARED"], "made").read_text() == "n1" for one in new)
        assert set((await cluster.backends()).values()) == {"up"}


async def test_one_more_and_one_less(shop: Callable[..., Cluster]) -> None:
    async with shop() as cluster:
        added = await cluster.add_node()
        assert (await environment(added.url))["NUMBER"] == "3"
        await cluster.drain("n1")
        await cluster.remove_node("n1")
        assert await cluster.backends() == {"n2": "up", "n3": "up"}


async def test_naming_redis_starts_one_which_is_away_and_back(
    shop: Callable[..., Cluster],
) -> None:
    async with shop("redis") as cluster:
        said = await environment(cluster.nodes["n1"].url)
        assert said["REDIS"].startswith("redis://:")
        alice = cluster.client("alice")
        assert alice.user == "user1"
        await alice.login()
        assert (await alice.me_times(4)).recognised == 4
        await cluster.stop_redis()
        await cluster.start_redis()
        assert (await alice.me_times(4)).recognised == 0


@pytest.mark.parametrize("balancer", ["builtin", needed("haproxy"), needed("nginx")])
async def test_links_stand_on_all_their_ways(shop: Callable[..., Cluster], balancer: str) -> None:
    async with shop("redis", links=LINKS, balancer=balancer) as cluster:
        said = await environment(cluster.nodes["n1"].url)
        assert said["PUBLIC"] == cluster.url
        alice = cluster.client("alice")
        await alice.login()
        await alice.write("a book")
        await cluster.faults.impair("n1", "redis", "readonly", count=1)
        await cluster.faults.impair("n2", "redis", "readonly", count=1)
        for _ in range(2):
            assert (await alice.write("another")).status != 200

        async def served() -> bool:
            return (await alice.write("another")).status == 200

        await until("writes to be served", served, seconds=20)
        await cluster.kill("n1")
        assert (await alice.me_times(4)).recognised == 4
        await cluster.start("n1")
        assert (await alice.me_times(4)).recognised == 4
        await cluster.faults.impair("clients", "balancer", "drop-cookie", name="basket")
        bob = cluster.client("bob")
        assert (await bob.login()).status == 200
        assert not (await bob.me()).recognised


async def test_clients_are_the_recipe_s_own_users(shop: Callable[..., Cluster]) -> None:
    async with shop(affinity="learn:basket") as cluster:
        assert [client.user for client in cluster.clients(3)] == ["user1", "user2", "user3"]
        user2, alice, bob = (cluster.client(name) for name in ("user2", "alice", "bob"))
        assert [user2.user, alice.user, bob.user] == ["user2", "user1", "user2"]
        await bob.login()
        await bob.write("a book")
        assert (await bob.me_times(4)).recognised == 4
        assert (await bob.read()).items == ["a book"]


async def test_what_is_our_demo_app_s_own_is_skipped(shop: Callable[..., Cluster]) -> None:
    async with shop(nodes=1) as cluster:
        with pytest.raises(Skip, match="the keys that a recipe's app signs with"):
            await cluster.rotate_keys()
        with pytest.raises(Skip, match="only our demo app"):
            await cluster.faults.leave("n1")
        with pytest.raises(Skip, match="it takes 21 users") as skipped:
            cluster.clients(21)
        assert "count = 21" in skipped.value.hint


async def test_no_secret_is_in_what_a_copy_has_printed(
    shop: Callable[..., Cluster], seen: list[Event]
) -> None:
    async with shop(nodes=1) as cluster:
        own = (await environment(cluster.url))["OWN"]
    logs = {event.data["part"]: event.data["text"] for event in seen if event.kind == "part.log"}
    assert "secret ***" in str(logs["n1"]).splitlines()
    assert own not in repr(seen)


PRINTING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.headers.get("Cookie"), self.headers.get("X-Asked"), flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


async def test_no_credential_of_a_client_is_in_it_however_it_is_written(
    app: Callable[..., Cluster], seen: list[Event]
) -> None:
    async with app(PRINTING) as cluster:
        client = cluster.client("user1")
        client.keep_cookie("sid", "an/id+of=hers")
        client.headers["X-Asked"] = "/in?sid=an%2Fid%2Bof%3Dhers"
        await client.me()
    logs = {event.data["part"]: event.data["text"] for event in seen if event.kind == "part.log"}
    asked = [line for line in str(logs["n1"]).splitlines() if line.startswith("sid")]
    assert asked == ['sid="***" /in?sid=***']


STUBBORN = """
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    server.accept()
"""


async def test_a_copy_that_does_not_leave_in_time_is_killed_and_that_is_told(
    app: Callable[..., Cluster], seen: list[Event]
) -> None:
    async with app(STUBBORN, stop={"seconds": 0.2}) as cluster:
        await cluster.stop("n1")
    (overdue,) = (event for event in seen if event.kind == "node.overdue")
    assert overdue.data["signal"] == "SIGTERM"
    assert overdue.data["seconds"] == 0.2


PLAIN = """
import socket, sys
server = socket.socket()
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
while True:
    server.accept()
"""


async def test_a_copy_may_bind_its_port_as_its_only_owner(app: Callable[..., Cluster]) -> None:
    async with app(PLAIN, nodes=2) as cluster:
        assert await cluster.backends() == {"n1": "up", "n2": "up"}


PREFORK = """
import os, socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
for _ in range(3):
    if os.fork() == 0:
        while True:
            server.accept()
time.sleep(1000)
"""


async def test_several_workers_in_a_copy_are_counted_and_told(
    app: Callable[..., Cluster], seen: list[Event]
) -> None:
    async with app(PREFORK) as cluster:

        async def all_three() -> bool:
            return cluster.workers() == {"n1": 3}

        await until("the workers", all_three)
    assert any(event.kind == "copies.workers" for event in seen)


async def test_a_copy_is_ready_by_what_it_prints(app: Callable[..., Cluster]) -> None:
    says = "import time; print('on port 1'); print('going on', flush=True); " + STUBBORN.strip()
    async with app(says.replace("; \n", "\n"), ready={"log": "^going"}) as cluster:
        assert "going on" in cluster._sandbox.log("n1")


SLEEPS = "import time; time.sleep(1000)"
ELSEWHERE = STUBBORN.replace("int(sys.argv[2])", "0")
FIXED = STUBBORN.replace("int(sys.argv[2])", "{port}")
FAILS = """
import http.server, sys
class Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500)
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Broken).serve_forever()
"""


@pytest.mark.parametrize(
    ("program", "more", "says"),
    [
        ("raise SystemExit('no database')", {}, r"n1 ended with exit status 1.*\n  no database"),
        (SLEEPS, {}, r"waited 2 s in vain for n1.*\nnothing listens on 127.0.0.1:\d+"),
        (ELSEWHERE, {}, r"it listens on 127.0.0.1:\d+, and not on 127.0.0.1:\d+"),
        (STUBBORN, {"ready": "/"}, r"it listens on 127.0.0.1:\d+, and does not answer"),
        (STUBBORN, {"ready": {"log": "^go"}}, "and has not printed what `ready` looks for"),
        (FAILS, {"ready": "/healthz"}, "GET /healthz is answered 500"),
        ("", {"before": [sys.executable, "-c", "exit('no migration')"]}, "before ended.*\n.*no mi"),
        ("", {"run": ["guniconr"]}, "no program 'guniconr'"),
    ],
)
async def test_a_copy_that_does_not_come_up_says_why(
    app: Callable[..., Cluster], program: str, more: dict[str, Any], says: str
) -> None:
    cluster = app(program, **more)
    with pytest.raises(StartError, match=says) as refused:
        await cluster.__aenter__()
    assert refused.value.hint or "before" in more


async def test_a_copy_that_goes_into_the_background_is_told_to_stay(
    app: Callable[..., Cluster],
) -> None:
    goes = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(1000)\n"
    with pytest.raises(StartError, match="n1 ended with exit status 0") as refused:
        await app(goes).__aenter__()
    assert "stay in the foreground" in refused.value.hint


async def test_copies_that_all_want_one_port_are_told_of_theirs(
    app: Callable[..., Cluster], fabric: LocalFabric
) -> None:
    sandbox = fabric.sandbox("holder")
    program = FIXED.format(port=sandbox.place("n1").port)
    await sandbox.close()
    with pytest.raises(StartError, match="Address already in use") as refused:
        await app(program, nodes=2).__aenter__()
    assert "listen on {port}" in refused.value.hint


async def test_a_recipe_that_names_what_is_not_set_is_refused(
    shop: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_PYTHON")
    with pytest.raises(UsageError, match=r"\{env.SHOP_PYTHON\} has no value") as refused:
        await shop().__aenter__()
    assert refused.value.hint == "set SHOP_PYTHON"


async def test_a_recipe_without_an_app_starts_nothing(tmp_path: Path) -> None:
    raw = {"name": "app", "me": {"get": "/", "user": {"json": "name"}}}
    with pytest.raises(UsageError, match="does not say how a copy"):
        Chosen(parse(raw, tmp_path / "sessionlab.toml"))


async def test_a_recipe_is_one_service() -> None:
    chosen = Chosen.read(SHOP)
    with pytest.raises(UsageError, match="one service"):
        Description((Service("a", app=chosen), Service("b", app=chosen)))


async def test_a_step_may_name_what_all_copies_were_given(
    fabric: LocalFabric, seen: list[Event]
) -> None:
    """As an administrator's token that a new account takes."""
    raw = to_builtins(Chosen.read(SHOP).recipe)
    raw["app"]["env"]["TOKEN"] = "{secret} {shared}"
    raw["me"] = {"get": "/environment", "user": {"json": "TOKEN"}}
    raw["identity"] = "{secret} {shared}"
    async with of(fabric, seen, Chosen(parse(raw, SHOP / "sessionlab.toml")), 1) as cluster:
        user = cluster.client("user1")
        assert (await user.login()).recognised
        said = await user.me()
        assert said.recognised
        token = str(said.body["TOKEN"])
        assert token.split(maxsplit=1)[0] not in str(said.operation)
        async with user.replica() as replica:
            assert (await replica.me()).recognised
