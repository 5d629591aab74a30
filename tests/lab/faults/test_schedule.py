"""A schedule is read or drawn, refused where it makes no sense, and carried out in its time."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.schedule import Planned, carry_out, check, links, read

if TYPE_CHECKING:
    from sessionlab.lab.events import Event
    from tests.lab.conftest import Make

NODES = ("n1", "n2", "n3")
REDIS = Description((Service("app", 3, "redis"),))


def plan(*tables: dict[str, object], seed: int = 1, **drawn: object) -> list[Planned]:
    return read(tables, seed, 10.0, NODES, drawn or None)


def test_a_table_is_a_fault_with_all_its_parameters() -> None:
    (one,) = plan({"fault": "latency", "at": 3, "for": 2, "part": "n2", "delay": 1})
    assert (one.fault, one.at, one.lasts, one.part) == ("latency", 3.0, 2.0, "n2")
    assert one.parameters["delay"] == 1
    assert one.parameters["between"] == "balancer-nodes"
    assert str(one) == "latency n2 at 3 s"


def test_the_plan_is_in_the_order_of_time() -> None:
    found = plan({"fault": "kill-balancer", "at": 5}, {"fault": "stop-redis", "at": 1})
    assert [(one.fault, one.part) for one in found] == [
        ("stop-redis", "redis"),
        ("kill-balancer", "balancer"),
    ]


def test_the_same_seed_and_tables_make_the_same_plan() -> None:
    tables: list[dict[str, object]] = [
        {"fault": "kill-node", "at": number, "part": "any"} for number in range(5)
    ]
    plans = [
        plan(*tables, seed=seed, count=6, of=["kill-node", "flush-redis", "latency"])
        for seed in (1, 1, 2, 3)
    ]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2] != plans[3]


def test_what_is_drawn_comes_one_after_the_other_and_is_over_in_time() -> None:
    for seed in range(50):
        found = plan(seed=seed, count=4)
        ends = [one.at + (one.lasts or 0) for one in found]
        assert all(end <= after.at for end, after in zip(ends, found[1:], strict=False))
        assert ends[-1] <= 10
        assert {one.part for one in found} <= {*NODES}


@pytest.mark.parametrize(
    ("table", "said", "hint"),
    [
        ({"at": 1}, "fault[2].fault: is missing", "`at`"),
        ({"fault": "kil-node", "at": 1}, "fault[2].fault: 'kil-node'", "did you mean kill-node?"),
        ({"fault": 3, "at": 1}, "fault[2].fault: is a whole number, not text", ""),
        ({"fault": "kill-node"}, "fault[2].at: is missing", "`fault`"),
        ({"fault": "kill-node", "at": "soon"}, "fault[2].at: is text, not a number", ""),
        ({"fault": "kill-node", "at": 11}, "fault[2].at: 11 s is more than the 10 s", ""),
        ({"fault": "kill-node", "at": 1, "for": -1}, "fault[2].for: is -1", ">= 0"),
        ({"fault": "flush-redis", "at": 1, "for": 1}, "fault[2].for: flush-redis is over", "leave"),
        (
            {"fault": "kill-node", "at": 1, "frm": 1},
            "fault[2].frm: 'frm' is not known",
            "did you mean for?",
        ),
        (
            {"fault": "latency", "at": 1, "dely": 1},
            "fault[2].dely: 'dely' is not known",
            "did you mean delay?",
        ),
        ({"fault": "latency", "at": 1, "delay": "1"}, "fault[2].delay: '1' is no float", ""),
        ({"fault": "reset", "at": 1, "count": 1.5}, "fault[2].count: 1.5 is no int", ""),
        ({"fault": "kill-node", "at": 1, "part": "n7"}, "fault[2].part: 'n7'", "n1, n2"),
        (
            {"fault": "kill-node", "at": 1, "part": 7},
            "fault[2].part: is a whole number, not text",
            "",
        ),
        ({"fault": "stop-redis", "at": 1, "part": "n1"}, "fault[2].part: 'n1'", "redis"),
    ],
)
def test_a_bad_table_is_said_with_its_key(table: dict[str, object], said: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        plan({"fault": "nothing", "at": 0}, table)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({"cont": 1}, "faults.cont: is no key here"),
        ({"count": -1}, "faults.count"),
        ({"count": 1, "of": "kill-node"}, "faults.of: is text, not a list"),
        ({"count": 1, "of": ["kill-nod"]}, "faults.of[1]"),
        ({"count": 5, "for": 5}, "faults.for"),
    ],
)
def test_so_is_what_can_t_be_drawn(drawn: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        read([], 1, 10.0, NODES, drawn)


def test_a_node_that_is_yet_to_come_may_be_named() -> None:
    found = plan({"fault": "add-node", "at": 1}, {"fault": "kill-node", "at": 5, "part": "n4"})
    assert found[1].part == "n4"


@pytest.mark.parametrize(
    ("table", "fabric", "why"),
    [
        ({"fault": "little-cpu"}, "local", "--fabric docker"),
        ({"fault": "reset"}, "docker", "--fabric local"),
        ({"fault": "latency"}, "docker", ""),
        ({"fault": "latency", "delay": 0.5, "jitter": 0.1}, "docker", ""),
        ({"fault": "latency", "towards": "both"}, "docker", "without towards"),
        ({"fault": "latency", "count": 5}, "docker", "without count"),
        ({"fault": "latency", "between": "nodes-redis"}, "docker", "without between"),
        ({"fault": "partition", "between": "nodes-redis"}, "docker", ""),
        ({"fault": "partition", "between": "clients-balancer"}, "docker", "--fabric local"),
        ({"fault": "partition", "between": "here-there"}, "local", "here-there"),
        ({"fault": "latency", "delay": -1.0}, "local", "delay = -1.0"),
        ({"fault": "drop-cookie", "between": "nodes-redis"}, "local", "no cookie"),
        ({"fault": "answer-full", "between": "balancer-nodes"}, "local", "only Redis"),
        ({"fault": "kill-node"}, "external", "did not start"),
        ({"fault": "nothing"}, "external", ""),
        *(({"fault": name}, "local", "") for name in FAULTS if "(docker)" not in FAULTS[name].says),
    ],
)
def test_what_a_fabric_can_t_do_is_said_before_anything_starts(
    table: dict[str, object], fabric: str, why: str
) -> None:
    found = plan({**table, "at": 1})
    if not why:
        check(found, REDIS, fabric)
        return
    with pytest.raises(UsageError, match=re.escape(why)):
        check(found, REDIS, fabric)


@pytest.mark.parametrize("name", ["stop-redis", "slow-redis", "answer-readonly", "freeze-redis"])
def test_a_cluster_without_redis_can_t_lose_it(name: str) -> None:
    with pytest.raises(UsageError, match=r"there is (no|nothing like) .*redis"):
        check(plan({"fault": name, "at": 1}), Description(), "local")


def test_links_stand_where_the_plan_needs_them() -> None:
    found = plan(
        {"fault": "reset", "at": 1},
        {"fault": "answer-full", "at": 1},
        {"fault": "kill-node", "at": 1},
    )
    assert links(found) == {"balancer-nodes", "nodes-redis"}
    assert links(found, "docker") == frozenset()


@pytest.mark.asyncio(loop_scope="session")
async def test_it_is_carried_out_in_its_time_and_told(make: Make, seen: list[Event]) -> None:
    tables = [
        {"fault": "freeze-node", "at": 0.2, "for": 0.3, "part": "n1"},
        {"fault": "latency", "at": 0.1, "for": 0.1, "part": "n2"},
        {"fault": "add-node", "at": 0.3, "for": 0.8},
        {"fault": "flush-redis", "at": 0.1},
    ]
    found = read(tables, 1, 10.0, ("n1", "n2"))
    async with make("redis", links=links(found)) as cluster:
        now = cluster._events.now
        since = now()
        await carry_out(found, cluster, now)
        assert list(cluster.nodes) == ["n1", "n2"]
    told = {(event.kind, event.data["fault"]): event for event in seen if event.kind[:5] == "fault"}
    assert len(told) == 8
    assert {kind for kind, _ in told} == {"fault.began", "fault.ended"}
    frozen = told["fault.began", "freeze-node"]
    assert frozen.began >= since + 0.2
    assert told["fault.ended", "freeze-node"].began >= since + 0.5
    assert told["fault.began", "add-node"].data["part"] == "n3"
    assert "struck" in told["fault.ended", "latency"].data
    kinds = [event.kind for event in seen]
    assert {"redis.flushed", "part.paused", "link.impaired", "node.added"} <= {*kinds}


@pytest.mark.asyncio(loop_scope="session")
async def test_what_can_t_be_done_is_the_lab_s_trouble_and_the_rest_is_done(
    make: Make, seen: list[Event]
) -> None:
    found = read(
        [
            {"fault": "kill-node", "at": 0, "part": "n1"},
            {"fault": "freeze-node", "at": 0.3, "part": "n1"},
            {"fault": "freeze-node", "at": 0.4, "for": 0.1, "part": "n2"},
        ],
        *(1, 10.0, ("n1", "n2")),
    )
    async with make() as cluster:
        with pytest.raises(NothingShown, match=r"freeze-node n1 at 0\.3 s: n1 is not running"):
            await carry_out(found, cluster, cluster._events.now)
    told = [(event.kind, event.data["part"]) for event in seen if event.kind[:5] == "fault"]
    assert told == [
        ("fault.began", "n1"),
        ("fault.failed", "n1"),
        ("fault.began", "n2"),
        ("fault.ended", "n2"),
    ]


@pytest.mark.asyncio(loop_scope="session")
async def test_what_is_cancelled_heals_nothing(make: Make, seen: list[Event]) -> None:
    async with make() as cluster:
        found = plan({"fault": "kill-node", "at": 0, "for": 9, "part": "n1"})
        task = asyncio.create_task(carry_out(found, cluster, cluster._events.now))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])
    assert "fault.ended" not in [event.kind for event in seen]
