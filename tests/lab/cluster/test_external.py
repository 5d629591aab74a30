"""Stories told on a stack that the lab did not start: here, one that this test has started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.deploys.recreate import Recreate
from sessionlab.lab.description.target import Target
from sessionlab.lab.errors import Skip
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.external import ExternalSandbox
from sessionlab.lab.record.history import History
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.results import Outcome
from sessionlab.scenarios.memory_round_robin import memory_round_robin
from sessionlab.scenarios.monolith import monolith
from sessionlab.scenarios.redis_down import redis_down

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")


def target(cluster: Cluster) -> Target:
    """A cluster of one node, as a stranger sees it."""
    (node,) = cluster.nodes.values()
    return Target(cluster.url, node.address.host, node.address.port, cluster.password)


def joined(there: Target, cluster: Cluster) -> Cluster:
    sandbox = ExternalSandbox("joined", there)
    return Cluster(cluster.description, sandbox, history=History(), events=Events())


def on(cluster: Cluster, nodes: int) -> Settings:
    """A run on that cluster, as `--target` asks for one."""
    return Settings("external", nodes=nodes, fabric_options={"target": target(cluster)})


async def test_what_a_stack_can_show_is_shown_and_the_rest_is_skipped_with_the_reason(
    make: Make,
) -> None:
    async with make(nodes=1) as cluster:
        settings = on(cluster, 1)
        result = await run([monolith, redis_down], settings, Events())
    held, skipped = result.scenarios
    assert result.fabric == "external"
    assert (held.outcome, skipped.outcome) == (Outcome.HELD, Outcome.SKIPPED)
    assert skipped.reason == "the running stack has strategy memory, and this takes redis"
    assert result.exit_status == 0


async def test_a_running_stack_is_asked_for_no_more_users_than_it_is_sure_to_have(
    make: Make,
) -> None:
    async with make(nodes=1) as cluster, joined(target(cluster), cluster) as there:
        assert len(there.clients(1000)) == 1000
        with pytest.raises(Skip, match="1001 users"):
            there.clients(1001)


ON_OTHERS: dict[str, Callable[[Cluster], Awaitable[object]]] = {
    "kill": lambda cluster: cluster.kill("n1"),
    "stop": lambda cluster: cluster.stop("n1"),
    "start": lambda cluster: cluster.start("n1"),
    "add_node": lambda cluster: cluster.add_node(),
    "remove_node": lambda cluster: cluster.remove_node("n1"),
    "drain": lambda cluster: cluster.drain("n1"),
    "deploy": lambda cluster: cluster.deploy(Recreate(), "2"),
    "stop_redis": lambda cluster: cluster.stop_redis(),
    "start_redis": lambda cluster: cluster.start_redis(),
    "restart_balancer": lambda cluster: cluster.restart_balancer(),
    "reload_balancer": lambda cluster: cluster.reload_balancer(),
    "rotate_keys": lambda cluster: cluster.rotate_keys(),
    "retire_keys": lambda cluster: cluster.retire_keys(),
    "backends": lambda cluster: cluster.backends(),
}


@pytest.mark.parametrize("step", ON_OTHERS)
async def test_no_step_of_a_story_touches_somebody_else_s_stack(make: Make, step: str) -> None:
    async with make(nodes=1) as cluster, joined(target(cluster), cluster) as guest:
        with pytest.raises(Skip, match="did not start"):
            await ON_OTHERS[step](guest)
        assert (await guest.client("alice").login()).node == "n1", "it serves as before"


async def test_a_stack_of_another_size_is_told_from_what_is_wanted(make: Make) -> None:
    async with make(nodes=1) as cluster:
        settings = on(cluster, 3)
        result = await run([memory_round_robin], settings, Events())
    assert result.scenarios[0].reason == "the running stack has 1 nodes, and this takes 3"


async def test_a_claim_that_broke_before_a_story_was_skipped_is_not_hidden(make: Make) -> None:
    async def wrong(lab: Lab) -> None:
        lab.claim("two is one", expected=1, observed=2)
        async with lab.cluster("redis"):
            pass

    async with make(nodes=1) as cluster:
        settings = on(cluster, 1)
        result = await run([Scenario("wrong", "Wrong", wrong)], settings, Events())
    assert result.scenarios[0].outcome is Outcome.BROKEN
    assert "this takes redis" in str(result.scenarios[0].reason)
    assert result.exit_status == 1
