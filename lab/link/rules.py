"""What a link can be told to do to what passes; a setting that a rule does not know is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = float | str | bool
INF = float("inf")
COUNTED: Final = {"count": 0, "one_in": 1}
"""Of one connection in `one_in`, the next `count` requests only (0: all)."""

KINDS: Final[Mapping[str, Mapping[str, Value]]] = {
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


class Rule:
    """One of them; `done` is how many requests it has struck, of `connections` that it has seen."""

    def __init__(self, kind: str, given: Mapping[str, object]) -> None:
        """Raises UsageError for what makes no sense."""
        if kind not in KINDS:
            raise UsageError(f"no rule is called {kind!r}", f"there are: {', '.join(KINDS)}")
        self.kind = kind
        self.settings = dict(KINDS[kind])
        for name, value in given.items():
            self.settings[name] = _checked(f"{kind}: {name}", value, self.settings.get(name))
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


def _checked(what: str, value: Any, usual: Value | None) -> Value:
    if usual is None:
        raise UsageError(f"{what} is no setting of it")
    if what.endswith("towards") and value not in ("client", "server", "both"):
        raise UsageError(f"{what} = {value!r}", "it is client, server or both")
    kinds = (int, float) if type(usual) is float else (type(usual),)
    least = 1 if what.endswith(("one_in", "rate")) else 0
    if type(value) not in kinds or (not isinstance(value, str) and not least <= value < INF):
        raise UsageError(f"{what} = {value!r}", f"it is a {kinds[-1].__name__} from {least} on")
    return value  # type: ignore[no-any-return]
