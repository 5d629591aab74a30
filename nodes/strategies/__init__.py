"""The strategies, each found by its name: ours, and those that installed packages offer.

A new one of ours is a file and an entry here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.strategies.interface import Setting, Strategy

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

STRATEGIES = {
    "memory": "sessionlab.nodes.strategies.memory",
    "redis": "sessionlab.nodes.strategies.redis",
    "jwt": "sessionlab.nodes.strategies.jwt",
}
"""The modules, each with a `make`. Only the one that a node asks for is loaded: Redis's client and
PyJWT are a third of what a node costs before it serves, and in a container each pays it anew."""
ENTRY_POINTS = "sessionlab.strategies"
"""The group in which an installed package offers strategies of its own: name = factory."""
_MEMBERS = ("name", "transport", "login", "open", "logout", "close")


def parse_strategy(text: str) -> str:
    """The name of a strategy that there is; raises `OptionError`."""
    if text in STRATEGIES:
        return text
    offered = {point.name for point in _offered()}
    if text not in offered:
        there = ", ".join([*STRATEGIES, *sorted(offered)])
        raise OptionError(f"there is no strategy {text!r}; there are {there}")
    return text


def make(name: str, setting: Setting) -> Strategy:
    """The strategy of that name; raises `OptionError` with the package whose strategy is none."""
    if name in STRATEGIES:
        made: Strategy = import_module(STRATEGIES[name]).make(setting)
        return made
    point, *others = (point for point in _offered() if point.name == name)
    if others:
        whose = " and ".join(map(_package, (point, *others)))
        raise OptionError(f"{whose} both offer strategy {name!r}; uninstall one")
    try:
        return _checked(point.load()(setting))
    except (Exception, SystemExit) as error:
        raise OptionError(
            f"strategy {name!r} of the package {_package(point)} can't be used:"
            f" {type(error).__name__}: {error}"
        ) from error


def _offered() -> "EntryPoints":
    from importlib.metadata import entry_points  # noqa: PLC0415  slow, and few nodes ask

    return entry_points(group=ENTRY_POINTS)


def _checked(made: Strategy) -> Strategy:
    lacking = [member for member in _MEMBERS if not hasattr(made, member)]
    if lacking:
        raise TypeError(f"{made!r} has no {', '.join(lacking)}")
    return made


def _package(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
