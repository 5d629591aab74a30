"""The cells of a matrix: the file with one value of each axis in place."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.interface import over
from sessionlab.lab.recipes.reading import merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Cell:
    """`axes` are its values as a table shows them; `raw` is the file that it amounts to."""

    name: str
    axes: Mapping[str, str]
    raw: Mapping[str, Any]


def cells(raw: Mapping[str, Any], seconds: float) -> list[Cell]:
    """Every combination, the last axis changes first; without a matrix the file is the only one."""
    axes: dict[str, Any] = raw.get("matrix", {})
    rest = {key: value for key, value in raw.items() if key != "matrix"}
    names: dict[str, int] = {}
    return [
        _cell(rest, dict(zip(axes, values, strict=True)), seconds, names)
        for values in itertools.product(*axes.values())
    ]


def _cell(
    raw: dict[str, Any], values: Mapping[str, Any], seconds: float, names: dict[str, int]
) -> Cell:
    shown = {axis: said(value) for axis, value in values.items()}
    for axis, value in values.items():
        if axis == "fault":
            tables = _tables(value, raw.get("fault", []), seconds)
            raw = {key: old for key, old in raw.items() if key != "faults"} | {"fault": tables}
        else:
            raw = merged(raw, {axis: value} if axis == "seed" else {"cluster": {axis: value}})
    name = re.sub(r"[^\w.-]+", "-", "-".join(shown.values())) or str(raw.get("name", ""))
    names[name] = names.get(name, 0) + 1
    return Cell(name if names[name] == 1 else f"{name}.{names[name]}", shown, raw)


def said(value: Any) -> str:
    """A value of an axis in a word: `kill-node n1`, `kill-node+freeze-node`."""
    if isinstance(value, list):
        return "+".join(said(one) for one in value) or NOTHING
    if isinstance(value, dict):
        return " ".join(str(value[key]) for key in ("fault", "part") if key in value)
    return str(value)


def _tables(value: Any, given: Sequence[Any], seconds: float) -> list[Any]:
    """A name takes times and part of the file's first fault, or the middle third of the time.

    What is over at once lasts no time, and what is about no node has no part of that kind.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    if value == NOTHING:
        return []
    first = given[0] if given and isinstance(given[0], dict) else {}
    usual = {"at": round(seconds / 3, 3), "for": round(seconds / 3, 3)}
    kept = {key: first[key] for key in ("at", "for", "part") if key in first} or usual
    fault = FAULTS.get(value)  # what is unknown is refused later
    if fault and fault.heal is over:
        kept.pop("for", None)
    if fault and fault.to not in ("node", "link"):
        kept.pop("part", None)
    return [kept | {"fault": value}]
