"""What a link can be told to do to what passes; a setting that a rule does not know is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTED: Final = {"count": 0, "one_in": 1}
"""Of one connection in `one_in`, the next `count` requests only (0: all)."""

KINDS: Final[Mapping[str, Mapping[str, float | str | bool]]] = {
    "latency": {"delay": 0.1, "jitter": 0.0, "towards": "client", **COUNTED},
    "bandwidth": {"rate": 64_000, "towards": "client", **COUNTED},
    "reset": {"now": False, **COUNTED},
    "half-open": {"towards": "both", **COUNTED},
    "partition": {},
    "drop-cookie": {"name": "", **COUNTED},
    "readonly": COUNTED,
    "full": COUNTED,
}
"""The settings of each and what they are otherwise: seconds, bits a second."""

SPOKEN: Final = {"drop-cookie": "http", "readonly": "redis", "full": "redis"}
"""What takes a link that knows the protocol."""

WAYS: Final = ("client", "server", "both")


class Rule:
    """One of them; `done` is how many requests it has struck, of `connections` that it has seen."""

    def __init__(self, kind: str, given: Mapping[str, object]) -> None:
        """Raises UsageError for what makes no sense."""
        if kind not in KINDS:
            raise UsageError(f"no rule is called {kind!r}", f"there are: {', '.join(KINDS)}")
        self.kind = kind
        self.settings = {**KINDS[kind]}
        for name, value in given.items():
            if why := _wrong(self.settings.get(name), name, value):
                raise UsageError(f"{kind}: {name} = {value!r}", why or f"{self.settings}")
            self.settings[name] = value  # type: ignore[assignment]
        self.most, self.one_in = (int(self.settings.get(name, n)) for name, n in COUNTED.items())
        self.always = not self.most and self.one_in == 1
        self.connections = self.done = 0

    def goes(self, towards: str) -> bool:
        """Whether it is about what goes there."""
        return self.settings.get("towards", "both") in (towards, "both")

    def strikes(self, chosen: dict[Rule, bool]) -> bool:
        """Whether it strikes a request now, of a connection that was `chosen` for it or not."""
        if self not in chosen:
            self.connections += 1
            chosen[self] = self.connections % self.one_in == 0
        struck = chosen[self] and not 0 < self.most <= self.done
        self.done += struck
        return struck


def _wrong(default: object, name: str, value: object) -> str:
    """What is wrong with a setting; "" when nothing is."""
    if default is None:
        return "it has no such setting"
    if name == "towards":
        return "" if value in WAYS else f"it is one of: {', '.join(WAYS)}"
    if isinstance(default, str | bool):
        return "" if type(value) is type(default) else f"write one like {default!r}"
    wanted = int if name in COUNTED else int | float
    fits = isinstance(value, wanted) and not isinstance(value, bool)
    least = 0 if name in ("count", "delay", "jitter") else 1
    return "" if fits and least <= value < float("inf") else f"it is a number from {least} on"  # type: ignore[operator]
