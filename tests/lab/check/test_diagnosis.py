"""Where sessions live is inferred from what was seen; each mutation of it changes the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.check.advice import diagnose
from sessionlab.lab.check.results import Cell, CellOutcome, Control, ControlStep, Counts
from tests.lab.check.recorded import cell, did

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation

STEPS = [ControlStep("login", passed=True, saw="")]
OPAQUE, READABLE = Control(STEPS), Control(STEPS, carries_data=True)
IN, OUT = Counts(kept=3, moved=4), Counts(kept=1, logged_out=6)


def replay(who: str) -> list[Operation]:
    return [did("alice", "me", who, direct=True), did("alice", "me", who, "n2", direct=True)]


def twin(*items: str) -> list[Operation]:
    written = [did("alice", "write", item="data-1"), did("alice", "read", items=("data-1",))]
    return [*written, did("alice", "read", items=items, direct=True)]


EVERYWHERE = cell("none", "ask", counts=IN)
REFUSED = cell("none", "logout", *replay("nobody"), counts=IN)
ACCEPTED = cell("none", "logout", *replay("user"), counts=IN)
SEEN = cell("none", "data", *twin("data-1"), counts=IN)
UNSEEN = cell("none", "data", *twin(), counts=IN)
DROPPED = [did("alice", "write", item="data-1"), did("alice", "read", items=())]
NOWHERE = cell("none", "data", *DROPPED, did("alice", "read", items=(), direct=True), counts=IN)
AT_ONE = [cell("none", "ask", counts=OUT), cell("cookie", "ask", counts=IN)]
DEPLOYED = [
    cell("cookie", "deploy", counts=IN),
    cell("cookie", "logout", *replay("nobody"), counts=IN),
]
HOME = [did("alice", "login", ""), did("alice", "me"), did("alice", "me", "nobody")]
AWAY = [*HOME[:2], did("alice", "me", "nobody", "n2")]


@pytest.mark.parametrize(
    ("control", "cells", "where"),
    [
        (OPAQUE, [EVERYWHERE], "unknown"),
        (OPAQUE, [EVERYWHERE, REFUSED], "shared-store"),
        (OPAQUE, [EVERYWHERE, SEEN], "shared-store"),
        (OPAQUE, [EVERYWHERE, ACCEPTED], "unknown"),
        (OPAQUE, [EVERYWHERE, cell("none", "store-blip", counts=OUT)], "shared-store"),
        (READABLE, [EVERYWHERE, cell("none", "store-blip", counts=OUT)], "shared-store"),
        (READABLE, [EVERYWHERE], "client"),
        (READABLE, [EVERYWHERE, ACCEPTED], "client"),
        (READABLE, [EVERYWHERE, REFUSED], "shared-store"),
        (OPAQUE, [EVERYWHERE, UNSEEN], "client"),
        (OPAQUE, [EVERYWHERE, NOWHERE], "unknown"),
        (OPAQUE, AT_ONE, "copy"),
        (OPAQUE, [*AT_ONE, cell("cookie", "restart", counts=OUT)], "copy"),
        (OPAQUE, [*AT_ONE, cell("cookie", "restart", counts=IN)], "unknown"),
        (OPAQUE, [*AT_ONE, cell("cookie", "store-blip", counts=OUT)], "shared-store"),
        (READABLE, AT_ONE, "client"),
        (READABLE, [*AT_ONE, cell("cookie", "logout", *replay("nobody"), counts=IN)], "copy"),
        (READABLE, [*AT_ONE, cell("cookie", "logout", *replay("user"), counts=IN)], "client"),
        (OPAQUE, AT_ONE[1:], "unknown"),
        (OPAQUE, [AT_ONE[1], *DEPLOYED], "shared-store"),
        (OPAQUE, [*AT_ONE, *DEPLOYED], "copy"),
        (OPAQUE, [AT_ONE[1], cell("cookie", "restart", counts=OUT)], "copy"),
        (OPAQUE, [cell("cookie", "ask", *HOME)], "process"),
        (OPAQUE, [cell("cookie", "ask", *AWAY)], "copy"),
        (OPAQUE, [Cell("none", "ask", CellOutcome.ERROR)], "unknown"),
        (OPAQUE, [cell("none", "ask", counts=Counts(kept=6, unknown=1))], "unknown"),
    ],
)
def test_where_sessions_live(control: Control, cells: list[Cell], where: str) -> None:
    assert diagnose(control, cells).sessions_live_in == where


def test_works_with_names_what_keeps_everybody_in_while_nothing_breaks() -> None:
    calm = [cell("cookie", "data", counts=IN), cell("cookie", "kill", counts=OUT)]
    assert diagnose(OPAQUE, [*AT_ONE, *calm]).works_with == ["cookie"]
    stale = cell("cookie", "data", counts=Counts(kept=6, wrong_data=1))
    assert diagnose(OPAQUE, [*AT_ONE, stale]).works_with == []
    unsure = cell("cookie", "data", counts=Counts(kept=6, unknown=1))
    assert diagnose(OPAQUE, [*AT_ONE, unsure]).works_with == []


def test_the_advice_says_what_a_deploy_and_a_dead_copy_cost() -> None:
    harm = [cell("cookie", ordeal, counts=OUT) for ordeal in ("deploy", "kill")]
    said = " ".join(diagnose(OPAQUE, [*AT_ONE, *harm]).advice)
    assert "In a rolling deploy 6 of 7 users are logged out under affinity cookie." in said
    assert "When a copy is killed 6 of 7 users are logged out" in said
    assert "No affinity that was tried repairs that" in said
    learned = [cell("learn:sid", ordeal, counts=IN) for ordeal in ("ask", "kill")]
    assert "When a copy is killed nobody is lost under affinity learn:sid." in " ".join(
        diagnose(OPAQUE, [*AT_ONE, *harm, *learned]).advice
    )


def test_the_advice_says_that_copies_need_the_same_secret() -> None:
    assert "the same secret" in " ".join(diagnose(READABLE, AT_ONE).advice)
    assert "the same secret" not in " ".join(diagnose(OPAQUE, AT_ONE).advice)


def test_workers_that_find_the_sessions_of_each_other_are_no_fault() -> None:
    several = Control(STEPS, workers=2)
    told = "No balancer can tie a user to a process"
    assert told not in " ".join(diagnose(several, [EVERYWHERE, REFUSED]).advice)
    assert told not in " ".join(diagnose(several, AT_ONE).advice)
    assert told in " ".join(diagnose(several, [cell("cookie", "ask", *HOME, counts=OUT)]).advice)
