"""HAProxy and nginx as parts of a cluster: started, asked, grown."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import Skip, StartError
from sessionlab.lab.events import Events
from sessionlab.lab.record.history import History
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run
from sessionlab.lab.waiting import until
from tests.installed import needs

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBER = itertools.count()
EACH = [pytest.param(name, marks=needs(name)) for name in ("haproxy", "nginx")]


def cluster(fabric: LocalFabric, balancer: str, **wishes: object) -> Cluster:
    described = Description((Service("app", 2),), balancer, **wishes)  # type: ignore[arg-type]
    sandbox = fabric.sandbox(f"{balancer}-{next(NUMBER)}")
    return Cluster(described, sandbox, history=History(), events=Events())


@pytest.mark.parametrize("balancer", EACH)
async def test_it_takes_each_node_in_turn_and_knows_them_up(
    fabric: LocalFabric, balancer: str
) -> None:
    async with cluster(fabric, balancer) as running:
        assert await running.backends() == {"n1": "up", "n2": "up"}
        asked = [answer.node for answer in await running.client("alice").me_times(4)]
        assert asked in (["n1", "n2"] * 2, ["n2", "n1"] * 2)


@pytest.mark.parametrize("balancer", EACH)
async def test_it_notices_a_dead_node_and_its_return(fabric: LocalFabric, balancer: str) -> None:
    async with cluster(fabric, balancer) as running:
        alice = running.client("alice")
        await running.kill("n1")
        assert (await alice.me_times(4)).nodes == ["n2"]

        async def down() -> bool:
            await alice.me()
            return (await running.backends())["n1"] == "down"

        await until("n1 to be seen down", down)
        await running.start("n1")
        await until("n1 to be asked again", lambda: asks(alice, "n1"))


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("balancer", ["builtin", pytest.param("haproxy", marks=needs("haproxy"))])
async def test_its_own_cookie_is_secure_where_it_speaks_tls(
    fabric: LocalFabric, balancer: str, tls: bool
) -> None:
    async with cluster(fabric, balancer, affinity="cookie", tls=tls) as running:
        alice = running.client("alice")
        assert (await alice.me()).status == 401
        assert len(alice.cookies) == 1
        assert alice.secure_cookies == (set(alice.cookies) if tls else set())


async def asks(client: Client, node: str) -> bool:
    return (await client.me()).node == node


@pytest.mark.parametrize("balancer", EACH)
async def test_a_new_node_takes_part_at_once_and_in_turn(
    fabric: LocalFabric, balancer: str
) -> None:
    async with cluster(fabric, balancer) as running:
        for _ in range(2):
            await running.add_node()
        answers = await running.client("alice").me_times(8)
        assert {node: len(answers.by(node)) for node in answers.nodes} == {
            "n1": 2,
            "n2": 2,
            "n3": 2,
            "n4": 2,
        }


@needs("haproxy")
@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_pins_survive_a_reload_of_haproxy(fabric: LocalFabric, affinity: str) -> None:
    async with cluster(fabric, "haproxy", affinity=affinity) as running:
        clients = running.clients(4)
        pins = [(await client.login()).node for client in clients]
        await running.add_node()
        for client, pin in zip(clients, pins, strict=True):
            assert (await client.me_times(3)).nodes == [pin]


@needs("nginx")
async def test_what_it_cannot_do_is_told_before_anything_starts(fabric: LocalFabric) -> None:
    asked = cluster(fabric, "nginx", affinity="cookie")
    with pytest.raises(Skip, match="no affinity `cookie`"):
        await asked.__aenter__()
    assert fabric._forks.running("nginx") == []


@pytest.mark.parametrize("balancer", ["haproxy", "nginx"])
async def test_a_balancer_that_is_not_installed_is_told_once(
    balancer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(StartError, match=f"there is no {balancer} for the parts to run") as raised:
        await run([], Settings(balancer=balancer), Events())
    assert "apt install" in raised.value.hint
