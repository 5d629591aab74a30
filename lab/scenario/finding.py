"""Finding scenarios: those of installed packages by name, and any other by its file.

A package offers its scenarios through the entry point group `sessionlab.scenarios`, which names a
package whose modules each hold one. An `ORDER` in that package lists the modules in the order in
which they should be told; without it they come by name.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import load
from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.files import loaded
from sessionlab.lab.scenario.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

GROUP = "sessionlab.scenarios"
OURS = "sessionlab.scenarios"  # the package that the group's own entry point names


def installed() -> dict[str, Scenario]:
    """Every scenario of the installed packages, by name, in the order to tell them."""
    return offered()[0]


def offered() -> tuple[dict[str, Scenario], list[tuple[str, UsageError]]]:
    """The same, and what can't be used: its entry point, whose name others may share, and why.

    Ours come first. A package with a scenario whose name is taken can't be used.
    """
    found: dict[str, Scenario] = {}
    unusable: list[tuple[str, UsageError]] = []

    def new(package: ModuleType) -> list[Scenario]:
        stories = _of_package(package)
        if taken := _twice([*found.values(), *stories]):
            raise ValueError(f"there is another scenario named {taken!r}")
        return stories

    for point in sorted(entry_points(group=GROUP), key=lambda point: point.value != OURS):
        try:
            found |= {story.name: story for story in load(point, new)}
        except UsageError as error:
            unusable.append((point.name, error))
    return found, unusable


def chosen(names: Sequence[str], *, slow: bool = False) -> list[Scenario]:
    """The named scenarios in the order given, each once.

    For no names all that are installed, those that are slow first and only if they are wanted.

    A name with a slash or ending in `.py` is the file of a scenario. A package whose scenarios
    can't be used is named on standard error, and the rest told.
    """
    known, unusable = offered()
    for _, error in unusable:
        sys.stderr.write(f"sessionlab: {error}\n  {error.hint}\n")
    if not names:
        wanted = [story for story in known.values() if slow or not story.slow]
        return sorted(wanted, key=lambda story: not story.slow)  # others fit beside a long one
    picked = dict.fromkeys(
        story
        for name in names
        for story in (_of_file(Path(name)) if _is_file(name) else [_by_name(name, known)])
    )
    if twice := _twice(picked):
        raise UsageError(
            f"two of these scenarios are named {twice!r}", "their results could not be told apart"
        )
    return list(picked)


def _twice(stories: Iterable[Scenario]) -> str:
    """A name that two different ones of them have, if there is one."""
    counts = Counter(story.name for story in dict.fromkeys(stories))
    return next((name for name, count in counts.items() if count > 1), "")


def _by_name(name: str, known: dict[str, Scenario]) -> Scenario:
    wanted = name.replace("_", "-")
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else "`sessionlab list` shows them all"
    raise UsageError(f"there is no scenario named {name!r}", hint)


def _is_file(name: str) -> bool:
    return "/" in name or name.endswith(".py")


def _of_package(package: ModuleType) -> list[Scenario]:
    names = getattr(package, "ORDER", None) or sorted(
        module.name for module in pkgutil.iter_modules(package.__path__)
    )
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    found = [story for module in modules for story in _of_module(module)]
    if not found:
        raise TypeError(f"{package.__name__} holds no scenario")
    return found


def _of_file(path: Path) -> list[Scenario]:
    module = loaded(path)
    found = list(_of_module(module))
    if not found:
        raise UsageError(f"{path} holds no scenario", "mark its story with @scenario(name, title)")
    return found


def _of_module(module: ModuleType) -> Iterator[Scenario]:
    return (value for value in vars(module).values() if isinstance(value, Scenario))
