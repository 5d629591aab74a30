"""What changed from one stored run to another, as text of 80 columns and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.cli.choice import WIDTH
from sessionlab.lab.record.printable import printable
from sessionlab.lab.viewer.comparing.comparison import LEVEL, Change, exit_status

if TYPE_CHECKING:
    from sessionlab.lab.viewer.comparing.comparison import Comparison

SCHEMA = 1
_COLUMN = 12


def to_text(comparisons: Sequence[Comparison], a: str, b: str) -> Iterator[str]:
    """What was asked for differently first, then what changed, then what did not."""
    yield from _row("A", a)
    yield from _row("B", b)
    for one in comparisons:
        yield ""
        yield from wrap(printable(one.name), WIDTH)
        for asked in one.asked:
            yield from _row("asked for", f"{asked.what}: {asked.a or '–'} → {asked.b or '–'}")
        for change in (Change.WORSE, Change.BETTER, Change.DIFFERENT):
            for measure in one.with_change(change):
                label = change.upper() if change is Change.WORSE else str(change)
                yield from _row(label, measure.said)
        if same := one.with_change(Change.SAME):
            yield from _row("same", f"no difference seen: {', '.join(each.what for each in same)}")
        yield from _unknown(one)
        for note in one.notes:
            yield from _row("note", note)


def _unknown(comparison: Comparison) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for each in comparison.with_change(Change.UNKNOWN):
        by_reason.setdefault(each.why, []).append(each.what)
    for why, what in by_reason.items():
        yield from _row("unknown", f"not comparable, {why}: {', '.join(what)}")


def _row(label: str, said: str) -> Iterator[str]:
    head = f"  {label:<{_COLUMN}}"
    lines = wrap(printable(said), WIDTH - len(head), break_on_hyphens=False) or [""]
    yield (head + lines[0]).rstrip()
    yield from (" " * len(head) + line for line in lines[1:])


def to_json(comparisons: Sequence[Comparison], a: str, b: str) -> str:
    """One object: each story with every figure, its interval and what is said of it."""
    document = {
        "sessionlab": version("sessionlab"),
        "schema": SCHEMA,
        "exit_status": exit_status(comparisons),
        "a": a,
        "b": b,
        "level": LEVEL,
        "comparisons": [_comparison(one) for one in comparisons],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _comparison(one: Comparison) -> dict[str, Any]:
    measures = [{**msgspec.to_builtins(each), "said": each.said} for each in one.measures]
    return {**msgspec.to_builtins(one), "sentence": one.sentence, "measures": measures}
