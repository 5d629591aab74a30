"""Who was served when, and whom a fault has hit."""

from __future__ import annotations

import math

from sessionlab.lab.checks.availability import AVAILABILITY
from sessionlab.lab.checks.balance import BALANCE
from sessionlab.lab.checks.interface import About, Verdict
from sessionlab.lab.checks.latency import LATENCY
from tests.lab.checks.histories import STARTING, Step, event, figures, found, login, shard, step

BEGAN = event(2.0, "fault.began", fault="kill-node", part="n1", began=2.0)
ENDED = event(3.0, "fault.ended", fault="kill-node", part="n1")
FAULT = (STARTING, BEGAN, ENDED)
FAULT_LATER = (
    event(102.0, "fault.began", fault="kill-node", part="n1", began=102.0),
    event(103.0, "fault.ended", fault="kill-node", part="n1"),
)


def every(user: str, *failing: float, until: int = 6, **more: object) -> list[Step]:
    """Logs in, and asks each half second; at some moments it fails."""
    moments = [number / 2 for number in range(1, 2 * until)]
    asked = [
        step(user, "me", at, **({"status": 502, "node": None} if at in failing else more))
        for at in moments
    ]
    return [login(user, 0), *asked]


def test_all_served() -> None:
    finding = found(AVAILABILITY, [*every("u1"), *every("u2")], *FAULT)
    assert finding.verdict is Verdict.SHOWN
    assert finding.figures["served"] == finding.figures["served_worst"] == 100
    assert finding.figures["blast_radius"] == 0
    assert finding.figures["recovery_s"] == 0


def test_errors_by_second() -> None:
    finding = found(AVAILABILITY, [*every("u1", 2.5), *every("u2")], *FAULT)
    assert finding.figures["errors"] == 1
    assert finding.figures["served_worst"] == 75
    assert finding.series["errors"] == [0, 0, 1, 0, 0, 0]


def test_the_blast_radius_is_the_share_of_users_hit() -> None:
    users = [*every("u1", 2.5, 3.0), *every("u2"), *every("u3"), *every("u4", 1.5)]
    fault = figures(AVAILABILITY, users, *FAULT)["faults"][0]
    assert (fault["users"], fault["users_hit"], fault["blast_radius"]) == (4, 1, 25)
    assert fault["sessions"] == 4
    assert fault["sessions_lost"] == 0


def test_a_lost_session_is_a_hit_too() -> None:
    out = [*every("u1", until=2), step("u1", "me", 2.5, status=401), login("u1", 2.6)]
    told = figures(AVAILABILITY, [*out, step("u1", "me", 2.8), *every("u2")], *FAULT)
    fault = told["faults"][0]
    assert (fault["users_hit"], fault["sessions"], fault["sessions_lost"]) == (1, 2, 1)
    assert told["served"] == 100


def test_refused_after_a_logout_is_no_hit() -> None:
    out = [*every("u1", until=2), step("u1", "logout", 2.2, status=204)]
    old = step("u1", "me", 2.5, status=401, tab=1000)
    stale = step("u1", "me", 2.6, status=401)
    assert figures(AVAILABILITY, [*out, old, stale], *FAULT)["blast_radius"] == 0


def test_what_was_under_way_when_it_began_is_hit() -> None:
    late = step("u1", "me", 1.9, status=502, took=0.2)
    assert figures(AVAILABILITY, [*every("u1"), late], *FAULT)["blast_radius"] == 100


def test_recovery_is_the_last_error_before_an_error_free_second() -> None:
    users = [*every("u1", 3.0, 3.5, 4.0), *every("u2", 5.5)]
    finding = found(AVAILABILITY, users, *FAULT)
    assert finding.figures["recovery_s"] == 1.01
    assert finding.evidence == [
        "kill-node n1 at 2.0 s: hit 2 of 2 users; recovered 1.010 s after its end"
    ]


def test_what_never_recovered_or_never_ended_is_unknown() -> None:
    failing = [number / 2 for number in range(6, 12)]
    assert figures(AVAILABILITY, every("u1", *failing), *FAULT)["recovery_s"] is None
    assert figures(AVAILABILITY, every("u1"), STARTING, BEGAN)["recovery_s"] is None


def test_each_fault_has_its_own_time() -> None:
    more = [
        event(4.0, "fault.began", fault="freeze-node", part="n2", began=4.0),
        event(4.2, "fault.ended", fault="freeze-node", part="n2"),
    ]
    users = [*every("u1", 2.5), *every("u2", 4.5)]
    told = figures(AVAILABILITY, users, *FAULT, *more)["faults"]
    assert [one["users_hit"] for one in told] == [1, 1]
    assert [one["recovery_s"] for one in told] == [0, 0.31]


def test_a_part_that_ends_outside_of_every_fault_is_one() -> None:
    died = event(5.0, "node.ended", node="n2", status=1, began=4.9)
    inside = event(2.1, "node.killed", node="n1", began=2.05)
    told = figures(AVAILABILITY, every("u1"), *FAULT, inside, died)["faults"]
    assert [(one["fault"], one["part"]) for one in told] == [("kill-node", "n1"), ("died", "n2")]


def test_without_faults_there_is_no_blast_radius() -> None:
    finding = found(AVAILABILITY, every("u1"), STARTING)
    assert finding.figures["blast_radius"] is finding.figures["recovery_s"] is None


def test_nothing_asked_is_unknown() -> None:
    given_up = step("u1", "me", 1, given_up=True, status=None)
    for steps in ([], [given_up]):
        finding = found(AVAILABILITY, steps, *FAULT)
        assert finding.verdict is Verdict.UNKNOWN
        assert finding.figures["served"] is None


def test_a_second_without_requests_has_no_share() -> None:
    finding = found(AVAILABILITY, [step("u1", "me", 0.5), step("u1", "me", 2.5)], STARTING)
    assert math.isnan(finding.series["served"][1])


def test_times_count_from_when_the_workload_began() -> None:
    told = About(began=100.0, ended=106.0, events=FAULT_LATER)
    steps = [
        one.but(invoked=one.op.invoked + 100, completed=one.op.completed + 100)
        for one in every("u1", 2.5)
    ]
    finding = AVAILABILITY.judge([AVAILABILITY.look(shard(steps), told)], told)
    assert finding.series["errors"] == [0, 0, 1, 0, 0, 0]
    assert finding.evidence[0].startswith("kill-node n1 at 2.0 s: hit 1 of 1 users")


def test_who_says_who_it_is_when_the_time_is_over_is_in_no_figure_of_that_time() -> None:
    users = [*every("u1"), *every("u2")]
    asked = figures(AVAILABILITY, users, *FAULT)
    late = step("u1", "me", 9.0, status=503, farewell=True)
    assert figures(AVAILABILITY, [*users, late], *FAULT) == asked
    for check in (LATENCY, BALANCE):
        assert figures(check, [*users, late], *FAULT) == figures(check, users, *FAULT)
