"""Clusters of a page that are replaced, put beside each other, and taken away."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from tests.compose.tools import free_ports
from tests.lab.page.up import Up, up

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def me(lab: Up, tab: str, cluster: str = "a") -> dict[str, Any]:
    sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me", "cluster": cluster})
    answer: dict[str, Any] = sent["answers"][0]
    return answer


async def logged_in(lab: Up) -> str:
    tab = (await lab.answered("POST", "/tabs", {"user": "alice"}))["id"]
    await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})
    return str(tab)


def processes(state: dict[str, Any]) -> set[int]:
    return {part["pid"] for part in state["clusters"][0]["parts"]}


async def test_another_strategy_is_another_cluster_where_nobody_is_logged_in_yet(
    fabric: LocalFabric,
) -> None:
    async with up(fabric) as lab:
        tab = await logged_in(lab)
        before = await lab.answered("GET", "/state")
        wanted = {"strategy": "redis", "affinity": "cookie", "algorithm": "random", "nodes": 3}
        state = await lab.answered("PUT", "/clusters/a", wanted)
        (cluster,) = state["clusters"]
        assert {name: cluster[name] for name in wanted} == wanted
        assert (cluster["condition"], cluster["generation"]) == ("ready", 1)
        assert [part["name"] for part in cluster["parts"]] == [
            "n1",
            "n2",
            "n3",
            "balancer",
            "redis",
        ]
        assert (await me(lab, tab))["how"] == "refused"
        await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})  # the same password
        assert {(await me(lab, tab))["how"] for _ in range(3)} == {"ok"}
        assert "cluster a is now redis, random, affinity cookie" in str(lab.shown)
        await asyncio.sleep(1)
        assert not [pid for pid in processes(before) if _runs(pid)]


async def test_two_stand_side_by_side_and_the_same_is_sent_to_both(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        tab = await logged_in(lab)
        state = await lab.answered("PUT", "/clusters/b", {"strategy": "jwt"})
        assert [one["strategy"] for one in state["clusters"]] == ["memory", "jwt"]
        assert set(state["tabs"][0]["at"]) == {"a", "b"}
        await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})
        sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me", "times": 10})
        assert sent["counts"] == {"a": {"ok": 5, "refused": 5}, "b": {"ok": 10}}
        done = await lab.answered(
            "POST", "/actions", {"do": "kill", "part": "n1", "cluster": "all"}
        )
        assert done == {"done": "n1 killed", "refused": {}}
        done = await lab.answered("POST", "/actions", {"do": "kill", "part": "n2", "cluster": "b"})
        done = await lab.answered(
            "POST", "/actions", {"do": "kill", "part": "n2", "cluster": "all"}
        )
        assert done["refused"] == {"b": "n2 is not running; `start n2` brings it back"}
        state = await lab.answered("PUT", "/clusters/a", {"nodes": 1})
        assert [one["id"] for one in state["clusters"]] == ["a", "b"]
        before = lab.desk.sides.named("b").cluster
        state = await lab.answered("DELETE", "/clusters/b")
        assert [one["id"] for one in state["clusters"]] == ["a"]
        assert set(state["tabs"][0]["at"]) == {"a"}
        assert before.inventory.has_ended("n1")
        assert (await lab.ask("DELETE", "/clusters/b"))[0] == 404
        assert (await lab.ask("DELETE", "/clusters/a"))[0] == 409


async def test_where_the_port_was_given_the_new_cluster_has_it_too(fabric: LocalFabric) -> None:
    port = int(*free_ports(1))
    described = Description((Service("app", 1),), port=port, watched=True)
    async with up(fabric, described) as lab:
        tab = await logged_in(lab)
        state = await lab.answered("PUT", "/clusters/a", {"strategy": "jwt"})
        assert state["clusters"][0]["url"].endswith(f":{port}")
        await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})
        assert (await me(lab, tab))["how"] == "ok"
        state = await lab.answered("PUT", "/clusters/b", {})
        assert not state["clusters"][1]["url"].endswith(f":{port}")


@pytest.mark.parametrize("given", [False, True])
async def test_a_cluster_that_will_not_start_is_said_and_the_one_before_serves_on(
    fabric: LocalFabric, given: bool
) -> None:
    described = Description((Service("app", 1),), port=int(*free_ports(1)) if given else 0)
    async with up(fabric, described) as lab:
        tab = await logged_in(lab)
        wanted = {"affinity": "learn:bad@name"}
        status, problem = await lab.ask("PUT", "/clusters/a", wanted)
        assert status == 409
        assert "the new cluster did not start" in problem["detail"]
        assert "balancer" in problem["detail"]
        state = await lab.answered("GET", "/state")
        assert state["clusters"][0]["affinity"] == "none"
        assert state["clusters"][0]["condition"] == "ready"
        assert (await me(lab, tab))["how"] == ("refused" if given else "ok")


async def test_a_port_that_somebody_took_meanwhile_leaves_a_page_that_says_so(
    fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = Description((Service("app", 1),), port=int(*free_ports(1)))
    async with up(fabric, described) as lab:
        tab = await logged_in(lab)

        real = fabric.sandbox
        monkeypatch.setattr(fabric, "sandbox", lambda label: _Taken(real(label)))
        status, problem = await lab.ask("PUT", "/clusters/a", {"nodes": 2})
        assert (status, problem["detail"].count("taken")) == (409, 1)
        state = await lab.answered("GET", "/state")
        assert state["clusters"][0]["condition"] == "failed"
        assert "taken" in state["clusters"][0]["why"]
        status, problem = await lab.ask("POST", f"/tabs/{tab}/send", {"what": "me"})
        assert (status, "does not run" in problem["detail"]) == (409, True)
        assert (await lab.ask("POST", "/actions", {"do": "add"}))[0] == 409
        assert (await lab.ask("GET", "/view"))[0] == 409
        monkeypatch.undo()
        state = await lab.answered("PUT", "/clusters/a", {"nodes": 2})
        assert state["clusters"][0]["condition"] == "ready"
        assert (await me(lab, tab))["how"] == "refused"


class _Taken:
    """A sandbox of whose ports the wanted one is taken."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def place(self, part: str, port: int = 0) -> Any:
        if port:
            raise StartError(f"port {port} is taken", "another --port")
        return self._real.place(part, port)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"strategy": "magic"}, "strategy"),
        ({"strategy": ""}, "strategy"),
        ({"algorithm": "alphabetical"}, "algorithm"),
        ({"affinity": "learn"}, "affinity"),
        ({"affinity": "\x1b[2J"}, "affinity"),
        ({"affinity": "learn:\r\nX: y"}, "affinity"),
        ({"affinity": "header:a b"}, "affinity"),
        ({"affinity": "none:x"}, "affinity"),
        ({"affinity": f"learn:{'x' * 65}"}, "affinity"),
        ({"algorithm": "hash:"}, "algorithm"),
        ({"algorithm": "hash:colour"}, "algorithm"),
        ({"algorithm": "random:x"}, "algorithm"),
        ({"strategy": "jwt:rs"}, "strategy"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": 51}, "nodes"),
        ({"nodes": 1.5}, "nodes"),
        ({"nodes": "3"}, "nodes"),
        ({"port": 80}, "port"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    fabric: LocalFabric, wanted: dict[str, object], field: str
) -> None:
    async with up(fabric) as lab:
        for place in ("a", "b"):
            status, problem = await lab.ask("PUT", f"/clusters/{place}", wanted)
            assert (status, problem["field"]) == (422, field)
        assert (await lab.ask("PUT", "/clusters/c", {}))[0] == 404
        assert len((await lab.answered("GET", "/state"))["clusters"]) == 1


async def test_how_a_jwt_travels_is_as_at_first_when_one_comes_back_to_it(
    fabric: LocalFabric,
) -> None:
    service = Service("app", 1, "jwt", options={"jwt-transport": "cookie"})
    async with up(fabric, Description((service,), watched=True)) as lab:
        for strategy in ("memory", "jwt"):
            await lab.answered("PUT", "/clusters/a", {"strategy": strategy})
        tab = await logged_in(lab)
        client = lab.desk.visitors.client(tab, lab.desk.a)
        assert client.cookies
        assert not client.token


async def test_two_windows_that_want_opposite_things_are_done_one_after_the_other(
    fabric: LocalFabric,
) -> None:
    async with up(fabric) as lab:
        both = await asyncio.gather(
            lab.ask("PUT", "/clusters/a", {"strategy": "jwt"}),
            lab.ask("PUT", "/clusters/a", {"strategy": "redis"}),
            lab.ask("POST", "/actions", {"do": "kill", "part": "n1"}),
        )
        assert [status for status, _ in both[:2]] == [200, 200]
        status, said = both[2]
        assert (status, said.get("detail")) in [
            (409, "another cluster has taken its place meanwhile"), (200, None),
        ]  # fmt: skip
        state = await lab.answered("GET", "/state")
        assert (len(state["clusters"]), state["clusters"][0]["condition"]) == (1, "ready")


async def test_a_lab_that_ends_while_a_cluster_starts_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fabric = LocalFabric()
    await fabric.open()
    async with up(fabric) as lab:
        asking = asyncio.create_task(lab.ask("PUT", "/clusters/b", {"nodes": 20}))
        while len(list(lab.desk.sides)) < 2:
            await asyncio.sleep(0.01)
    await asyncio.gather(asking, return_exceptions=True)
    await fabric.close()
    assert not list(tmp_path.rglob("lock"))


async def test_a_node_that_ends_by_itself_is_said(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        state = await lab.answered("GET", "/state")
        os.kill(state["clusters"][0]["parts"][0]["pid"], signal.SIGSEGV)
        while "n1 ended by itself, by SIGSEGV" not in str(lab.shown):
            await asyncio.sleep(0.05)
        state = await lab.answered("GET", "/state")
        part = state["clusters"][0]["parts"][0]
        assert (part["state"], part["how"]) == ("ended", "by SIGSEGV")


async def test_b_s_balancer_ending_by_itself_ends_nothing_else(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        state = await lab.answered("PUT", "/clusters/b", {})
        balancer = next(p for p in state["clusters"][1]["parts"] if p["kind"] == "balancer")
        os.kill(balancer["pid"], signal.SIGKILL)
        while (state := await lab.answered("GET", "/state"))["clusters"][1]["condition"] == "ready":
            await asyncio.sleep(0.05)
        assert "balancer ended by SIGKILL" in state["clusters"][1]["why"]
        assert state["clusters"][0]["condition"] == "ready"
        restarted = {"do": "start", "part": "balancer", "cluster": "b"}
        assert (await lab.ask("POST", "/actions", restarted))[0] == 200
        state = await lab.answered("GET", "/state")
        assert (state["clusters"][1]["condition"], state["clusters"][1]["why"]) == ("ready", "")
        assert not lab.running.done()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
