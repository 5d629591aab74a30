"""Real clusters, and what a story can do to them."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import Person
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import FabricLost, Skip, StartError, StepError, UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.record.history import Ending, History
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_is_ready_when_it_is_entered(make: Make) -> None:
    async with make(nodes=3) as cluster:
        assert await cluster.backends() == {"n1": "up", "n2": "up", "n3": "up"}
        alice = cluster.client("alice")
        assert (await alice.login()).recognised


async def test_fifty_nodes_start_and_answer(make: Make) -> None:
    async with make(nodes=50) as cluster:
        assert len((await cluster.client("alice").me_times(50)).nodes) == 50


async def test_a_user_is_known_by_the_cluster_s_own_password_only(make: Make) -> None:
    async with make(nodes=1) as cluster, make(nodes=1) as other:
        stranger = Client(Person("alice", other.password), demo(), cluster.url, History(), Events())
        assert (await stranger.try_login()).status == 401
        with pytest.raises(StepError, match="alice could not log in at the cluster: 401"):
            await stranger.login()
        await stranger.close()


async def test_a_story_may_have_more_users_than_a_node_seeds_by_itself(make: Make) -> None:
    async with make(nodes=1) as cluster:
        last = cluster.clients(1001)[-1]
        assert (await last.login()).recognised


async def test_more_clients_than_users_is_the_story_s_mistake_and_nobody_s_loss(make: Make) -> None:
    async with make(nodes=1) as cluster:
        with pytest.raises(UsageError, match="1000000 clients are wanted"):
            cluster.clients(1_000_000)


async def test_a_new_node_takes_part(make: Make) -> None:
    async with make(nodes=1) as cluster:
        node = await cluster.add_node()
        assert node.name == "n2"
        alice = cluster.client("alice")
        assert (await alice.me_times(2)).nodes == ["n1", "n2"]


async def test_a_stopped_node_comes_back_under_its_name_and_address(make: Make) -> None:
    async with make() as cluster:
        url = cluster.nodes["n1"].url
        await cluster.stop("n1")
        await cluster.start("n1")
        assert cluster.nodes["n1"].url == url
        assert (await cluster.client("alice").me_times(2)).nodes == ["n1", "n2"]


async def test_a_node_that_asks_to_be_drained_keeps_its_clients_and_gets_no_others(
    make: Make,
) -> None:
    async with make("memory", affinity="cookie") as cluster:
        first = cluster.client("alice")
        home = str((await first.login()).node)
        await cluster.faults.leave(home)

        async def drained() -> bool:
            return (await cluster.backends())[home] == "drain"

        await until("the balancer to drain it", drained)
        assert (await first.me_times(4)).by(home).recognised == 4
        newcomers = [await client.login() for client in cluster.clients(4)]
        assert home not in {login.node for login in newcomers}
        await cluster.faults.stay(home)
        assert home in {(await client.login()).node for client in cluster.clients(4)}
        with pytest.raises(StepError, match="no node named 'n9'"):
            await cluster.faults.leave("n9")


async def test_what_happens_is_told_in_order(make: Make, seen: list[Event]) -> None:
    async with make() as cluster:
        await cluster.client("alice").me()
        await cluster.kill("n2")
    kinds = [event.kind for event in seen if event.kind != "part.log"]
    assert kinds == [
        "cluster.starting",
        "cluster.ready",
        "request.completed",
        "node.killed",
        "cluster.closed",
    ]


async def test_no_event_holds_a_password_or_a_credential(make: Make, seen: list[Event]) -> None:
    async with make("jwt") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await alice.me()
        password, token = cluster.password, alice.credential
    told = repr(seen)
    assert password not in told
    assert token not in told


async def test_a_part_that_dies_by_itself_is_told_and_one_that_was_ended_is_not(
    make: Make, seen: list[Event]
) -> None:
    async with make(nodes=3) as cluster:
        await cluster.kill("n2")
        await cluster.start("n2")
        await cluster.stop("n3")
        for name in ("n1", "balancer"):
            await cluster._sandbox.signal(name, signal.SIGKILL)
            await cluster._sandbox.gone(name)
    ended = [event for event in seen if event.kind.endswith(".ended")]
    assert [(event.kind, event.data["node"]) for event in ended] == [
        ("node.ended", "n1"),
        ("balancer.ended", "balancer"),
    ]
    assert all(float(str(event.data["began"])) <= event.at for event in ended)


async def test_it_is_told_while_the_cluster_runs(make: Make, seen: list[Event]) -> None:
    async with make() as cluster:
        await cluster._sandbox.signal("n1", signal.SIGKILL)
        while not any(event.kind == "node.ended" for event in seen):
            await asyncio.sleep(0.01)


async def test_what_is_not_there_cannot_be_broken(make: Make) -> None:
    async with make() as cluster:
        with pytest.raises(StepError, match="no node named 'n9'") as raised:
            await cluster.kill("n9")
        assert "n1, n2" in raised.value.hint
        with pytest.raises(StepError, match="has no Redis"):
            await cluster.stop_redis()
        await cluster.kill("n1")
        with pytest.raises(StepError, match="n1 is not running"):
            await cluster.kill("n1")


async def test_a_redis_of_somebody_else_is_used_and_never_stopped(
    make: Make, fabric: LocalFabric
) -> None:
    async with make("redis") as owner:
        assert owner._runtime.redis is not None
        guest = Cluster(
            Description((Service("app", 1, "redis"),)),
            fabric.sandbox("guest"),
            history=History(),
            events=Events(),
            redis_url=owner._runtime.redis.url,
        )
        async with guest:
            await guest.client("alice").login()
            with pytest.raises(Skip, match="did not start that Redis"):
                await guest.stop_redis()


async def test_a_cluster_that_cannot_start_leaves_nothing_and_says_why(fabric: LocalFabric) -> None:
    description = Description((Service("app", 2, "memory", {"idle": "soon"}),))
    cluster = Cluster(description, fabric.sandbox("bad"), history=History(), events=Events())
    with pytest.raises(StartError, match="its last lines"):
        await cluster.__aenter__()
    assert fabric._forks.running("bad/") == []


async def test_one_whose_fabric_is_lost_is_closed_all_the_same(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make(nodes=1)

    def lost() -> None:
        raise FabricLost("the engine has gone away")

    await cluster.__aenter__()
    http = cluster._runtime.http
    monkeypatch.setattr(cluster._deaths, "look", lost)
    with pytest.raises(FabricLost):
        await cluster.close()
    assert http.closed


async def test_keys_are_rotated_on_every_node(make: Make) -> None:
    async with make("jwt") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await cluster.rotate_keys()
        assert (await alice.me_times(2)).recognised == 2
        await cluster.retire_keys()
        assert (await alice.me_times(2)).recognised == 0


async def test_asymmetric_keys_work_as_well(make: Make) -> None:
    async with make("jwt", jwt_algorithm="EdDSA") as cluster:
        alice = cluster.client("alice")
        await alice.login()
        assert (await cluster.ask_each_node(alice)).recognised == 2


async def test_a_request_that_gets_no_answer_is_recorded_as_such(make: Make) -> None:
    async with make(nodes=1) as cluster:
        alice = cluster.client("alice")
        url = cluster.nodes["n1"].url
        await cluster.kill("n1")
        answer = await alice.me(at=url)
        assert answer.status is None
        assert answer.operation.outcome is Ending.FAILED
        assert "ConnectorError" in str(answer.operation.error)


async def test_a_client_knows_which_connection_it_was(make: Make) -> None:
    async with make(nodes=1) as cluster:
        alice = cluster.client("alice")
        first, second = await alice.me(), await alice.me()
        assert first.connection == "a new connection"
        assert second.connection == "the same connection"
        await alice.reconnect()
        assert (await alice.me()).connection == "a new connection"
