"""A claim: a sentence, what was expected of it, what was observed, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MoreThan:
    """Expects a number above `limit`."""

    limit: float
    unit: str = ""

    def accepts(self, observed: object) -> bool:
        return isinstance(observed, (int, float)) and observed > self.limit

    def __str__(self) -> str:
        return f"more than {self.limit} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, what was expected of it and what was observed, as a person reads them."""

    text: str
    expected: str
    observed: str
    holds: bool


def judge(text: str, expected: object, observed: object) -> Claim:
    """Compare what the claim says with what the clients saw.

    `expected` is a value that `observed` must equal, or an object with `accepts(observed)`
    whose `str()` is what a person reads.
    """
    accepts = getattr(expected, "accepts", None)
    holds = bool(accepts(observed)) if accepts else expected == observed
    return Claim(text, _readable(expected), _readable(observed), holds)


def share(part: int, whole: int, what: str) -> str:
    """`4 of 12 recognised`: how a claim speaks of a count."""
    return f"{part} of {whole} {what}"


def _readable(value: object) -> str:
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)
