"""Requests with a pin, and whether they stayed at their node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.checks.affinity import AFFINITY
from sessionlab.lab.checks.interface import Verdict
from tests.lab.checks.histories import READY, STARTING, event, found, login, step

if TYPE_CHECKING:
    from sessionlab.lab.events import Event

TOLD = (STARTING, READY)
STAYS = [login("u1", 0), step("u1", "me", 1), step("u1", "me", 2)]
MOVES = [*STAYS, step("u1", "me", 5, node="n2"), step("u1", "me", 6, node="n2")]
KILL = event(3.1, "node.killed", node="n1", began=3.0)


def test_who_stays_holds() -> None:
    finding = found(AFFINITY, STAYS, *TOLD)
    assert finding.verdict is Verdict.HOLDS
    assert (finding.figures["stayed"], finding.figures["pinned"]) == (100, 2)


def test_a_move_from_a_node_that_is_there_breaks_it() -> None:
    finding = found(AFFINITY, MOVES, *TOLD)
    assert finding.verdict is Verdict.BROKEN
    assert finding.figures["moves_alive"] == finding.figures["moves"] == 1
    assert finding.figures["stayed"] == 75
    assert finding.evidence[0] == "u1 at 5.000 s: me: n2 answered, pinned to n1, which was there"


@pytest.mark.parametrize(
    "why",
    [
        [KILL],
        [KILL, event(4, "node.started", node="n1")],
        [event(3, "part.paused", part="n1"), event(3.5, "part.resumed", part="n1")],
        [event(1.0, "node.draining", node="n1", limit=5)],
        [event(3, "fault.began", fault="freeze-node", part="n1")],
        [event(3, "fault.began", fault="resets", part="")],
        [event(3, "redis.stopped", keeps=False), event(4, "redis.started")],
        [event(3, "fault.began", fault="freeze-redis", part="redis")],
        [event(3, "balancer.restarted", began=2.9)],
        [event(0.5, "deploy.started", version="2"), event(7, "deploy.finished", version="2")],
    ],
)
def test_what_befell_the_node_explains_it(why: list[Event]) -> None:
    finding = found(AFFINITY, MOVES, *TOLD, *why)
    assert finding.verdict is Verdict.HOLDS, finding
    assert (finding.figures["moves"], finding.figures["moves_alive"]) == (1, 0)


@pytest.mark.parametrize(
    "why",
    [
        [event(3.1, "node.killed", node="n2", began=3.0)],
        [event(5.5, "node.killed", node="n1", began=5.5)],
        [event(0.5, "node.killed", node="n1"), event(0.9, "node.started", node="n1")],
        [event(0.5, "redis.stopped", keeps=False), event(0.9, "redis.started")],
        [event(3, "fault.began", fault="nothing", part="")],
    ],
)
def test_what_befell_another_or_at_another_time_does_not(why: list[Event]) -> None:
    assert found(AFFINITY, MOVES, *TOLD, *why).verdict is Verdict.BROKEN


def test_a_saturated_node_may_be_left() -> None:
    over = step("u1", "me", 3, node="n2", verdict="VN", reason="saturated")
    back = step("u1", "me", 4, verdict="NN")
    assert found(AFFINITY, [*STAYS, over, back], *TOLD).verdict is Verdict.HOLDS


def test_who_has_no_pin_may_go_anywhere() -> None:
    free = [step("u1", "me", at, verdict="NN", node=f"n{at}") for at in (1, 2, 3)]
    finding = found(AFFINITY, [login("u1", 0), *free], *TOLD)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.figures["moves_alive"] is None
    assert found(AFFINITY, [], *TOLD).verdict is Verdict.UNKNOWN


def test_where_the_balancer_says_nothing_the_client_knows() -> None:
    tied = [step("u1", "me", at, verdict="", tie=True, node=f"n{at}") for at in (1, 2)]
    loose = [step("u1", "me", at, verdict="", tie=False, node=f"n{at}") for at in (1, 2)]
    assert found(AFFINITY, tied, *TOLD).verdict is Verdict.BROKEN
    assert found(AFFINITY, loose, *TOLD).verdict is Verdict.UNKNOWN


def test_a_pin_that_only_the_client_knows_may_be_to_the_node_of_its_login() -> None:
    tied = {"verdict": "", "tie": True}
    hops = [step("u1", "me", at, node=f"n{2 + at % 2}", **tied) for at in range(4, 8)]
    steps = [login("u1", 0, **tied), step("u1", "me", 1, **tied), *hops]
    assert found(AFFINITY, steps, *TOLD, KILL).verdict is Verdict.HOLDS
    assert found(AFFINITY, steps, *TOLD).verdict is Verdict.BROKEN


def test_a_lost_pin_was_one() -> None:
    lost = step("u1", "me", 3, node="n2", verdict="II", reason="table-lost")
    unknown = step("u1", "me", 3, node="n2", verdict="II")
    assert found(AFFINITY, [*STAYS, lost], *TOLD).verdict is Verdict.BROKEN
    assert found(AFFINITY, [*STAYS, unknown], *TOLD).verdict is Verdict.HOLDS
    again = [
        step("u1", "me", at, node=f"n{at}", verdict="IN", reason="table-lost") for at in (3, 4)
    ]
    figures = found(AFFINITY, [*STAYS, *again], *TOLD).figures
    assert (figures["pinned"], figures["moves_alive"]) == (3, 1)


def test_two_at_once_may_have_moved_the_pin_either_way() -> None:
    at_once = step("u1", "me", 2.005, node="n2", tab=1)
    assert found(AFFINITY, [*STAYS, at_once], *TOLD).verdict is Verdict.HOLDS


def test_services_have_pins_of_their_own() -> None:
    turns = [step("u1", "me", at, service="abc"[at % 3], node=f"n{at % 3}") for at in range(9)]
    assert found(AFFINITY, turns, *TOLD).verdict is Verdict.HOLDS


def test_without_events_nobody_knows_whether_a_node_was_there() -> None:
    assert found(AFFINITY, MOVES).verdict is Verdict.UNKNOWN


def test_who_moved_when_a_node_came_is_counted() -> None:
    added = event(3.5, "node.added", node="n4")
    stays = [one.but(client=name, user=None) for one in STAYS for name in ("u2", "u3")]
    after = [step(name, "me", 5) for name in ("u2", "u3")]
    again = [login("u4", 0), login("u4", 4, node="n4"), step("u4", "me", 5, node="n4")]
    finding = found(AFFINITY, [*MOVES, *stays, *after, *again], *TOLD, added)
    assert finding.figures["changes"] == [
        {"what": "added", "node": "n4", "at": 3.5, "users": 3, "moved": 1}
    ]
