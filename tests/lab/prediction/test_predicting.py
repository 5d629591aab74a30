"""What the models say of runs, what they do not, and how it is compared with what was counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.lab.checks.affinity import AFFINITY
from sessionlab.lab.checks.availability import AVAILABILITY
from sessionlab.lab.checks.interface import About, Finding, Verdict
from sessionlab.lab.checks.updates import UPDATES
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.prediction import MODELS
from sessionlab.lab.prediction.predicting import predict
from sessionlab.lab.record.intervals import Counted
from sessionlab.lab.workload.model import Mix, Stage, Workload
from tests.lab.checks.histories import (
    READY,
    STARTING,
    about,
    event,
    found,
    login,
    read,
    step,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.prediction.interface import Prediction


@dataclass
class Planned:
    fault: str = "kill-node"
    part: str = "n1"
    at: float = 3.0
    lasts: float | None = 2.0
    parameters: Mapping[str, object] = field(default_factory=dict)


def said(
    *faults: Planned,
    strategy: str = "memory",
    nodes: int = 3,
    load: Mapping[str, Any] | None = None,
    options: Mapping[str, str] | None = None,
    **more: Any,
) -> dict[str, Prediction]:
    """The predictions for such a cluster, by their names."""
    services = (Service(strategy=strategy, nodes=nodes, options=options or {}),)
    told = Description(services, **more).told()
    workload = Workload(**({"users": 200, "seconds": 10.0} | dict(load or {})))
    return {one.name: one for one in predict(told, workload, faults)}


def share(predictions: Mapping[str, Prediction], name: str) -> float | None:
    return predictions[name].expected.share if name in predictions else None


NODE_DIES = "blast radius of kill-node n1"


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"affinity": "cookie"}, 1 / 3),
        ({"affinity": "learn:sid", "nodes": 5}, 1 / 5),
        ({"affinity": "cookie", "strategy": "redis"}, 0.0),
        ({"strategy": "jwt"}, 0.0),
        ({"affinity": "cookie", "strategy": "jwt", "one_key": False}, 1 / 3),
        ({}, None),  # nobody stays logged in anyway
        ({"affinity": "source"}, None),  # all come from one address
        ({"affinity": "cookie", "nodes": 1}, None),
        ({"affinity": "cookie", "strategy": "mine"}, None),
    ],
)
def test_the_blast_radius_of_a_node(cluster: dict[str, Any], expected: float | None) -> None:
    assert share(said(Planned(), **cluster), NODE_DIES) == expected


def test_only_the_first_fault_finds_every_node_with_its_share() -> None:
    later = Planned(part="n2", at=5)
    assert set(said(Planned(), later, affinity="cookie")) == {NODE_DIES, "lost writes"}
    before = Planned("freeze-node", "n2", at=1)
    assert NODE_DIES not in said(before, Planned(), affinity="cookie")
    nothing = Planned("nothing", "", at=1)
    assert NODE_DIES in said(nothing, Planned(), affinity="cookie")
    drained = Planned("remove-node", parameters={"drain": 5.0})
    assert not [name for name in said(drained, affinity="cookie") if "radius" in name]


@pytest.mark.parametrize(
    ("algorithm", "fault", "expected"),
    [
        ("hash:cookie:sid", "add-node", 3 / 4),
        ("hash:cookie:sid", "remove-node", 2 / 3),
        ("hash:header:X-User", "kill-node", 2 / 3),
        ("hash:source", "add-node", None),
        ("hash", "add-node", None),
        ("round-robin", "add-node", None),
        ("consistent-hash:cookie:sid", "add-node", None),  # busy nodes are passed over
        ("hash:cookie:sid", "freeze-node", None),
    ],
)
def test_whom_a_hash_moves(algorithm: str, fault: str, expected: float | None) -> None:
    predictions = said(Planned(fault), strategy="redis", algorithm=algorithm)
    assert share(predictions, f"moved by {fault}") == pytest.approx(expected)


def test_a_consistent_hash_is_foretold_where_little_is_under_way() -> None:
    consistent: dict[str, Any] = {"strategy": "redis", "algorithm": "consistent-hash:cookie:sid"}
    for load in (
        {"users": 10, "think": 0.5},
        {"rate": 20.0},
        {"rate": [Stage(0, 5), Stage(2, 30)]},
    ):
        assert (
            share(said(Planned("add-node"), load=load, **consistent), "moved by add-node") == 1 / 4
        )
        moved = share(said(Planned(), load=load, **consistent), "moved by kill-node")
        assert moved == pytest.approx(1 / 3)
    busy = said(Planned("add-node"), balancer="haproxy", **consistent)
    assert share(busy, "moved by add-node") == 1 / 4
    assert "moved by add-node" not in said(Planned("add-node"), affinity="cookie", **consistent)


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({}, 2 / 3),
        ({"nodes": 4, "algorithm": "random"}, 3 / 4),
        ({"strategy": "jwt", "one_key": False}, 2 / 3),
        ({"strategy": "jwt"}, 0.0),
        ({"strategy": "redis"}, 0.0),
        ({"nodes": 1}, 0.0),
        ({"affinity": "cookie"}, None),
        ({"algorithm": "least-connections"}, None),
        ({"load": {"users": 20}}, None),  # too few to be dealt out as by chance
        ({"strategy": "mine"}, None),
    ],
)
def test_refusals_by_nodes_that_do_not_know(
    cluster: dict[str, Any], expected: float | None
) -> None:
    assert share(said(**cluster), "refusals") == pytest.approx(expected)
    assert "refusals" not in said(Planned(), **cluster)


def test_lost_writes() -> None:
    assert share(said(strategy="redis"), "lost writes") == 0
    record: dict[str, Any] = {"strategy": "redis", "options": {"cart-writes": "record"}}
    assert "lost writes" in said(**record)
    assert "lost writes" not in said(Planned("freeze-redis", "redis"), **record)
    assert "lost writes" not in said(load={"life": Mix(write=0)})


@pytest.mark.parametrize(
    ("affinity", "life", "limit", "expected"),
    [
        ("cookie", Mix(), 5.0, 1.0),
        ("learn:sid", Mix(logout=0, replay=0), 5.0, 1.0),
        ("learn:sid", Mix(browse=1, write=1, idle=0, logout=8), 5.0, 0.0),
        ("learn:sid", Mix(), 0.2, 1.0),
        ("learn:sid", Mix(), 4.0, None),  # too close to say
        ("cookie", Mix(), 9.0, None),  # the run ends before
        ("none", Mix(), 5.0, None),
        ("source", Mix(), 5.0, None),
    ],
)
def test_the_end_of_a_drain(affinity: str, life: Mix, limit: float, expected: float | None) -> None:
    drain = Planned("remove-node", parameters={"drain": limit})
    assert share(said(drain, affinity=affinity, load={"life": life}), "drain") == expected


def test_nothing_is_said_of_what_no_model_knows() -> None:
    two = Description((Service("a"), Service("b"))).told()
    assert predict(two, Workload(), [Planned()]) == []
    assert predict(Description((Service(nodes=1),), balancer=None).told(), Workload(), []) == []
    assert predict({}, Workload(), []) == []
    assert all(model.summary for model in MODELS.values())


# How it is measured


def test_a_blast_radius_is_counted_in_sessions() -> None:
    prediction = said(Planned(), affinity="cookie")[NODE_DIES]
    steps = [login(f"u{number}", 0) for number in range(30)]
    steps += [
        step(f"u{number}", "me", 4, status=401 if number < 10 else 200) for number in range(30)
    ]
    fault = event(3.0, "fault.began", fault="kill-node", part="n1", began=3.0)
    findings = [found(AVAILABILITY, steps, STARTING, READY, fault)]
    counted = prediction.measure(findings, About())
    assert counted == Counted(10, 30, "of the sessions in use lost")
    assert prediction.agrees(findings, About()) is True
    everybody = [
        one.but(status=401, who="nobody") if one.op.conversation == "me" else one for one in steps
    ]
    assert prediction.agrees([found(AVAILABILITY, everybody, STARTING, fault)], About()) is False
    assert prediction.agrees([found(AVAILABILITY, steps, STARTING)], About()) is None
    assert prediction.agrees([], About()) is None


def test_who_was_moved_is_counted_in_users() -> None:
    prediction = said(Planned("add-node"), strategy="redis", algorithm="hash:cookie:sid")
    steps = [login(f"u{number}", 0) for number in range(40)]
    steps += [step(f"u{number}", "me", 2) for number in range(40)]
    steps += [
        step(f"u{number}", "me", 4, node="n1" if number < 10 else "n2") for number in range(40)
    ]
    added = event(3.0, "node.added", node="n4")
    findings = [found(AFFINITY, steps, STARTING, READY, added)]
    moved = prediction["moved by add-node"]
    assert moved.measure(findings, About()) == Counted(30, 40, "of the users led to another node")
    assert moved.agrees(findings, About()) is True
    assert moved.agrees([found(AFFINITY, steps, STARTING, READY)], About()) is None


def test_refusals_and_lost_writes_are_counted_in_what_the_checks_say() -> None:
    predictions = said()
    steps = [
        login("u1", 0),
        *(step("u1", "me", at, status=401) for at in (1, 2)),
        step("u1", "me", 3),
    ]
    findings = [found(AVAILABILITY, steps, STARTING)]
    refusals = predictions["refusals"].measure(findings, About())
    assert refusals == Counted(2, 3, "of the requests in a session refused")
    lost = [login("u1", 0), write("u1", 1, "u1.1"), write("u1", 2, "u1.2"), read("u1", 3, "u1.1")]
    findings = [found(UPDATES, lost, STARTING)]
    assert predictions["lost writes"].measure(findings, About()) == Counted(
        1, 2, "of the acknowledged additions lost"
    )
    assert predictions["lost writes"].agrees([found(UPDATES, [], STARTING)], About()) is None


def test_a_drain_is_measured_by_its_events() -> None:
    drain = said(Planned("remove-node", parameters={"drain": 5.0}), affinity="cookie")["drain"]
    began = event(3.0, "node.draining", node="n1", limit=5.0)
    for ended, agrees in ((8.01, True), (5.0, False)):
        events = about(STARTING, began, event(ended, "node.drained", node="n1", pins_left=0))
        assert drain.agrees([], events) is agrees
    assert drain.agrees([], about(STARTING, began)) is None


def test_a_figure_that_is_not_known_is_not_compared() -> None:
    unknown = Finding("updates", Verdict.UNKNOWN, "", {"lost_writes": None, "acknowledged": 0})
    assert said()["lost writes"].agrees([unknown], About()) is None
