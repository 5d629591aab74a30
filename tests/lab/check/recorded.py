"""Histories made by hand, to be judged."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from sessionlab.lab.check.cells import judge
from sessionlab.lab.check.results import Cell, CellOutcome, Counts
from sessionlab.lab.record.history import Ending, History, Operation

CLOCK = count(1)


def did(
    client: str, conversation: str, who: str = "user", node: str | None = "n1", **more: Any
) -> Operation:
    """One conversation after those before; `who` as its client found."""
    at = float(next(CLOCK))
    said = {"user": 200, "nobody": 401, "error": 500}.get(who, 200)
    operation = Operation(
        client=client,
        method="GET",
        path=f"/{conversation}",
        invoked=at,
        completed=at + 0.5,
        outcome=Ending.OK if said < 400 else Ending.FAILED,
        status=said,
        node=node,
        user=client if who == "user" and conversation == "me" else None,
        credential=20,
        conversation=conversation,
        who=who if conversation not in ("login", "write") else "",
        enters=conversation == "login",
    )
    return replace(operation, **more)


def cell(
    affinity: str, ordeal: str, *operations: Operation, counts: Counts | None = None, **more: Any
) -> Cell:
    """A cell that has shown that; its counts as they are judged, or as given."""
    judged, found = judge(operations, (), list(dict.fromkeys(op.client for op in operations)))
    history = History(operations)
    shown = {"judged": judged, "history": history, "counts": counts or found, **more}
    return Cell(affinity, ordeal, CellOutcome.SHOWN, **shown)
