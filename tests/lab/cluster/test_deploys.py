"""Another version, more nodes, fewer nodes, a new balancer: what becomes of the cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.lab.balancers.builtin import Builtin
from sessionlab.lab.cluster.deploys.blue_green import BlueGreen
from sessionlab.lab.cluster.deploys.recreate import Recreate
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.description.cluster import Service
from sessionlab.lab.errors import DeployError, Skip, StepError, UsageError
from sessionlab.lab.waiting import until
from tests.installed import needs

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.cluster.deploys.interface import Deploy
    from sessionlab.lab.events import Event
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")
EACH = ["builtin", *(pytest.param(name, marks=needs(name)) for name in ("haproxy", "nginx"))]
WITH_DRAIN = EACH[:2]


async def versions(client: Client, times: int = 4) -> set[tuple[str | None, str | None]]:
    return {(a.node, a.operation.version) for a in await client.me_times(times)}


@pytest.mark.parametrize("how", [Rolling(), Rolling(at_a_time=2), BlueGreen()], ids=repr)
@pytest.mark.parametrize("balancer", EACH)
async def test_new_nodes_take_the_place_of_the_old(make: Make, balancer: str, how: Deploy) -> None:
    async with make("redis", balancer=balancer) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        assert await versions(alice) == {("n1", "1"), ("n2", "1")}
        await cluster.deploy(how, version="2")
        assert list(cluster.nodes) == ["n3", "n4"]
        assert await cluster.backends() == {"n3": "up", "n4": "up"}
        assert await versions(alice) == {("n3", "2"), ("n4", "2")}


@pytest.mark.parametrize("balancer", EACH)
async def test_a_cut_keeps_names_and_loses_memories(make: Make, balancer: str) -> None:
    async with make(balancer=balancer) as cluster:
        clients = cluster.clients(2)
        for client in clients:
            await client.login()
        await cluster.deploy(Recreate(), version="2")
        assert {a.status for client in clients for a in await client.me_times(4)} == {401}
        await clients[0].login()
        assert list(cluster.nodes) == ["n1", "n2"]
        assert await clients[0].login()
        assert "2" in {version for _, version in await versions(clients[0])}


async def test_nobody_waits_for_clients_that_are_not_tied(make: Make, seen: list[Event]) -> None:
    async with make("redis") as cluster:
        await cluster.client("alice").login()
        await cluster.deploy(Rolling(limit=50), version="2")
    assert not [event for event in seen if event.kind == "node.draining"]


async def test_of_many_that_drain_the_balancer_is_asked_one_thing_at_a_time(
    make: Make, seen: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load it answered nobody in time when each node was looked at by itself."""
    asked, most, looks = 0, 0, Builtin._rows

    async def counted(balancer: Builtin) -> list[dict[str, Any]]:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        try:
            return await looks(balancer)
        finally:
            asked -= 1

    monkeypatch.setattr(Builtin, "_rows", counted)
    async with make("redis", nodes=5, affinity="cookie") as cluster:
        clients = cluster.clients(5)
        for client in clients:
            await client.login()
        await cluster.deploy(BlueGreen(limit=0.2), version="2")
        assert most == 1
        assert sum(e.data["pins_left"] == 1 for e in seen if e.kind == "node.drained") == 5
        assert all([(await client.me()).recognised for client in clients])


@pytest.mark.parametrize("balancer", WITH_DRAIN)
async def test_a_draining_node_keeps_its_clients_and_gets_no_new_ones(
    make: Make, balancer: str
) -> None:
    async with make(balancer=balancer, affinity="cookie") as cluster:
        clients = cluster.clients(4)
        pins = [(await client.login()).node for client in clients]
        await cluster.drain("n1", limit=50)
        assert (await cluster.backends())["n1"] == "drain"
        for client, pin in zip(clients, pins, strict=True):
            answers = await client.me_times(2)
            assert (answers.nodes, answers.recognised) == ([pin], 2)
        newcomers = cluster.clients(8)[4:]
        assert {(await client.login()).node for client in newcomers} == {"n2"}


@pytest.mark.parametrize("balancer", WITH_DRAIN)
@pytest.mark.parametrize("affinity", ["cookie", "learn:sid"])
async def test_who_logs_out_of_a_draining_node_is_free_of_it_when_the_pin_ends_with_the_session(
    make: Make, balancer: str, affinity: str
) -> None:
    """The balancer's own cookie outlives the logout: such a drain never ends."""
    async with make(balancer=balancer, affinity=affinity) as cluster:
        alice = cluster.client("alice")
        pin = (await alice.login()).node
        assert pin is not None
        await cluster.drain(pin, limit=50)
        await alice.logout()
        assert ((await alice.login()).node == pin) is (affinity == "cookie")


@pytest.mark.parametrize("balancer", WITH_DRAIN)
async def test_the_last_node_of_all_drains_and_still_serves_its_own(
    make: Make, balancer: str
) -> None:
    async with make(nodes=1, balancer=balancer, affinity="cookie") as cluster:
        alice, bob = cluster.client("alice"), cluster.client("bob")
        await alice.login()
        await cluster.drain("n1", limit=50)
        assert (await alice.me()).recognised
        assert (await bob.try_login()).status == 503


@pytest.mark.parametrize("balancer", WITH_DRAIN)
async def test_a_drain_outlives_a_reload(make: Make, balancer: str) -> None:
    async with make(balancer=balancer, affinity="cookie") as cluster:
        alice, bob = cluster.client("alice"), cluster.client("bob")
        pin = (await alice.login()).node
        assert pin is not None
        await cluster.drain(pin, limit=50)
        await cluster.reload_balancer()
        await until("the drain to be seen", lambda: _drains(cluster, pin))
        assert (await alice.me()).recognised
        assert {(await bob.login()).node for _ in range(3)} == {"n1", "n2"} - {pin}


async def _drains(cluster: Cluster, name: str) -> bool:
    return (await cluster.backends())[name] == "drain"


@needs("nginx")
async def test_nginx_cannot_drain_and_the_story_is_skipped(make: Make) -> None:
    async with make(balancer="nginx") as cluster:
        with pytest.raises(Skip, match="nginx cannot drain n1"):
            await cluster.drain("n1")


@pytest.mark.parametrize("balancer", EACH)
async def test_a_node_can_be_taken_away_and_its_name_is_not_used_again(
    make: Make, balancer: str
) -> None:
    async with make("redis", balancer=balancer) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await cluster.remove_node("n1")
        assert (await alice.me_times(4)).nodes == ["n2"]
        assert (await cluster.add_node()).name == "n3"
        assert (await alice.me_times(4)).nodes == ["n2", "n3"]


@pytest.mark.parametrize("balancer", EACH)
async def test_a_balancer_restarts_and_reloads_at_its_address(make: Make, balancer: str) -> None:
    async with make("redis", balancer=balancer) as cluster:
        url = cluster.url
        alice = cluster.client("alice")
        await alice.login()
        await cluster.remove_node("n1")
        await cluster.add_node()
        for change in (cluster.restart_balancer, cluster.reload_balancer):
            await change()
            assert cluster.url == url
            assert (await alice.me_times(4)).nodes == ["n2", "n3"]


async def test_a_deploy_of_several_services_can_be_of_one(make: Make) -> None:
    services = (Service("auth", 1, "jwt"), Service("shop", 1, "jwt"))
    async with make(services=services) as cluster:
        await cluster.deploy(Rolling(), version="2", service="shop")
        assert list(cluster.nodes) == ["auth-n1", "shop-n2"]
        await cluster.deploy(BlueGreen(), version="3")
        assert list(cluster.nodes) == ["auth-n2", "shop-n3"]


@pytest.mark.parametrize("how", [Rolling(), BlueGreen()], ids=repr)
async def test_when_a_new_node_never_gets_ready_the_old_ones_serve_on(
    make: Make, fabric: LocalFabric, how: Deploy
) -> None:
    async with make("redis") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        before = fabric._forks.running(cluster._sandbox.label)
        with pytest.raises(DeployError, match="did not come up") as raised:
            await cluster.deploy(how, version="no such label, it has spaces")
        assert "its last lines" in str(raised.value)
        assert "n1, n2" in raised.value.hint
        assert raised.value.exit_status == 1
        assert fabric._forks.running(cluster._sandbox.label) == before
        assert list(cluster.nodes) == ["n1", "n2"]
        assert (await alice.me_times(4)).recognised == 4


async def test_patience_with_a_node_that_runs_but_is_never_ready_ends(make: Make) -> None:
    async with make() as cluster:
        sleeper = (Service("app", 2, program="tests.lab.never_ready"),)
        cluster._runtime.description = replace(cluster.description, services=sleeper)
        with pytest.raises(DeployError, match=r"waited 0\.2 s in vain for n3 to be ready"):
            await cluster.deploy(Rolling(patience=0.2), version="2")
        assert list(cluster.nodes) == ["n1", "n2"]


async def test_a_cut_that_failed_leaves_nothing_that_comes_late(
    make: Make, fabric: LocalFabric
) -> None:
    async with make() as cluster:
        sleeper = (Service("app", 2, program="tests.lab.never_ready"),)
        old = dict(cluster.nodes)
        for name, node in old.items():
            cluster.nodes[name] = replace(node, service=sleeper[0])
        with pytest.raises(DeployError, match="did not come up again"):
            await cluster.deploy(Recreate(patience=0.2), version="2")
        assert cluster._runtime.running("n2")
        assert not cluster._runtime.running("n1")


async def test_a_deploy_of_no_node_is_done_at_once(make: Make) -> None:
    for how in (Rolling(), BlueGreen(), Recreate()):
        async with make(nodes=1) as cluster:
            await cluster.remove_node("n1")
            await cluster.deploy(how, version="2")
            assert list(cluster.nodes) == []


async def test_a_drain_lasts_until_its_last_client_has_gone(make: Make, seen: list[Event]) -> None:
    async with make(nodes=1, affinity="learn:sid") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        deploy = asyncio.create_task(cluster.deploy(Rolling(limit=30), version="2"))
        while not any(event.kind == "node.draining" for event in seen):
            await asyncio.sleep(0.01)
        assert not deploy.done()
        assert (await alice.me()).recognised
        await alice.logout()
        await deploy
    (end,) = [event for event in seen if event.kind == "node.drained"]
    assert end.data["pins_left"] == 0


async def test_a_drain_ends_when_the_cookies_that_lead_there_have_been_idle(
    make: Make, seen: list[Event]
) -> None:
    idle = {"cookie-max-idle": "1"}
    async with make(nodes=1, affinity="cookie", balancer_options=idle) as cluster:
        await cluster.client("alice").login()
        await cluster.deploy(Rolling(limit=50), version="2")
    (end,) = [event for event in seen if event.kind == "node.drained"]
    assert end.data["pins_left"] == 0


async def test_past_its_limit_a_drain_moves_who_is_left_and_the_history_says_why(
    make: Make,
) -> None:
    async with make("redis", affinity="cookie") as cluster:
        alice = cluster.client("alice")
        pin = (await alice.login()).node
        assert pin is not None
        await cluster.drain(pin, limit=0.2)
        while (answer := await alice.me()).node == pin:
            assert answer.operation.verdict == "VN"
        assert (answer.recognised, answer.operation.reason) == (True, "drained")


async def test_what_makes_no_sense_is_refused(make: Make) -> None:
    with pytest.raises(UsageError, match="0 nodes at a time"):
        Rolling(at_a_time=0)
    async with make() as cluster:
        for change in (cluster.drain, cluster.remove_node):
            with pytest.raises(StepError, match="no node named 'n9'"):
                await change("n9")
        with pytest.raises(UsageError, match="no service named 'shop'"):
            await cluster.deploy(Recreate(), version="2", service="shop")


async def test_without_a_balancer_nothing_can_be_drained(make: Make) -> None:
    async with make(nodes=1, balancer=None) as cluster:
        with pytest.raises(StepError, match="no balancer"):
            await cluster.drain("n1")
        with pytest.raises(StepError, match="no balancer"):
            await cluster.restart_balancer()
