"""What a story does, as it does it, for who follows it: a method that is a step tells of itself.

Only what a person reads of its arguments is told: names, numbers, who does it. No value that a
client presents is among them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

Telling = Callable[[str, Callable[[], Mapping[str, object]]], AbstractContextManager[None]]
"""`Events.step` of a scenario and a cluster: what is done, and its arguments, if somebody asks."""
_TOLD = ("name", "service", "item", "times", "method", "path", "version", "user")


class Doer(Protocol):
    """Whoever has steps: a client, a cluster, the lab."""

    @property
    def _telling(self) -> Telling: ...


D = TypeVar("D", bound=Doer)
P = ParamSpec("P")
T = TypeVar("T")


def step(
    does: Callable[Concatenate[D, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[D, P], Coroutine[Any, Any, T]]:
    """Tell of it before it is done."""
    signature = inspect.signature(does)

    @wraps(does)
    async def done(doer: D, /, *given: P.args, **named: P.kwargs) -> T:
        with doer._telling(does.__name__, lambda: told(signature, doer, *given, **named)):  # noqa: SLF001
            return await does(doer, *given, **named)

    return done


def quick_step(does: Callable[Concatenate[D, P], T]) -> Callable[Concatenate[D, P], T]:
    """The same of one that waits for nothing."""
    signature = inspect.signature(does)

    @wraps(does)
    def done(doer: D, /, *given: P.args, **named: P.kwargs) -> T:
        with doer._telling(does.__name__, lambda: told(signature, doer, *given, **named)):  # noqa: SLF001
            return does(doer, *given, **named)

    return done


def told(signature: inspect.Signature, *given: object, **named: object) -> dict[str, object]:
    """Its arguments, as plain values."""
    found: dict[str, object] = {}
    for name, value in signature.bind(*given, **named).arguments.items():
        if not value:
            continue
        if name in _TOLD:
            found[name] = value
        elif name == "at":
            found["direct"] = True
        elif name == "how":
            found[name] = value if isinstance(value, str) else type(value).__name__
        elif callable(value):
            found["what"] = getattr(value, "__name__", "")
        elif who := names(value):
            found["of" if name == "other" else "who"] = who
    return found


def names(clients: object) -> list[str]:
    """Those of the clients among the arguments: `alice`, `alice (tab 2)`."""
    many = clients if isinstance(clients, Sequence) else [clients]
    return [str(name) for client in many if (name := getattr(client, "called", ""))]
