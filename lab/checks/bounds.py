"""Bounds: what a figure of a check may be at most, or must be at least.

`5`, `"<= 5"`, `"< 50 ms"`, `">= 99.9 %"`: a number alone is the most that is allowed, or the least
of what is the better the more of it there is (`served`, `jain`, `stayed`, `kept`). A figure that
nobody knows meets no bound and breaks none, nor does one of a check that could not be made meet it.
Where a check knows what a figure may be at most, in `NAME_at_most`, that must meet the bound, too:
unknown outcomes count as both.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.nearest import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.record.answers import JSON

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}
_TEXT = re.compile(r"(<=|>=|==|<|>)?\s*([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)\s*([^\d\s]*)")
_MILLISECONDS = {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
_THE_MORE = ("served", "served_worst", "jain", "jain_worst", "stayed", "kept", "users")
_HOW = 'write 5, "<= 5", "< 50 ms" or ">= 99.9 %"'


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure is to be; `limit` is in the figure's own unit."""

    name: str
    sign: str
    limit: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {self.limit:g} {self.unit}".rstrip()


def names() -> dict[str, str]:
    """Every figure that a bound may name, with its unit and what it is."""
    return {
        name: said for check in CHECKS.usable().values() for name, said in check.figures.items()
    }


def parse(name: str, value: object) -> Bound:
    """One line of `[bounds]`.

    Raises UsageError: there is no such figure (the nearest is offered), or what it is to be can't
    be read.
    """
    known = names()
    if name not in known:
        raise UsageError(f"no check has a figure {name!r}", meant(name, sorted(known)))
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UsageError(f"{name} = {value!r} is no bound", _HOW)
    own = unit_of(name, known[name])
    found = _TEXT.fullmatch(str(value).strip())
    if found is None:
        raise UsageError(f"{name} = {value!r} is no bound", _HOW)
    sign, number, unit = found.groups()
    sign = sign or (">=" if name in _THE_MORE else "<=")
    return Bound(name, sign, float(number) * _factor(unit, own, name), own)


def met(bound: Bound, findings: Iterable[Finding]) -> bool | None:
    """Whether the run has met it; None where that is not known."""
    for finding in findings:
        if bound.name in finding.figures:
            most = finding.figures.get(f"{bound.name}_at_most")
            now = _met(bound, finding.figures[bound.name])
            then = now if most is None else _met(bound, most)
            unknown = finding.verdict is Verdict.UNKNOWN and now
            return now if now == then and not unknown else None
    return None


def seen(bound: Bound, findings: Iterable[Finding]) -> str:
    """The figure that a bound is about, as a person reads it."""
    for finding in findings:
        value = finding.figures.get(bound.name)
        if value is not None:
            return f"{value} {bound.unit}".rstrip()
    return "unknown"


def unit_of(name: str, said: str) -> str:
    """`ms` of `p99_ms`, `%` where what is said of it begins so, "" where a figure is a count."""
    unit = name.rpartition("_")[2]
    return "%" if said.startswith("%") else unit if unit in _MILLISECONDS else ""


def _met(bound: Bound, value: JSON) -> bool | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _HOLDS[bound.sign](value, bound.limit)


def _factor(unit: str, own: str, what: str) -> float:
    """What turns the unit that was written into the figure's own."""
    if unit in ("", own):
        return 1.0
    if unit in _MILLISECONDS and own in _MILLISECONDS:
        return _MILLISECONDS[unit] / _MILLISECONDS[own]
    raise UsageError(f"{what} is {f'in {own}' if own else 'a count'}, not in {unit!r}", _HOW)
