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
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from sessionlab.lab.description.variants import load
from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.files import loaded
from sessionlab.lab.scenario.scenario import Scenario

GROUP = "sessionlab.scenarios"


def installed() -> dict[str, Scenario]:
    """Every scenario of the installed packages, by name, in the order to tell them.

    Raises UsageError when two have the same name.
    """
    return offered()[0]


def offered() -> tuple[dict[str, Scenario], dict[str, UsageError]]:
    """The same, and what can't be used: why not, by the name of its entry point."""
    found: dict[str, Scenario] = {}
    unusable: dict[str, UsageError] = {}
    for point in entry_points(group=GROUP):
        try:
            stories = load(point, _of_package)
        except UsageError as error:
            unusable[point.name] = error
            continue
        for story in stories:
            if found.setdefault(story.name, story) is not story:
                raise UsageError(
                    f"two installed scenarios are both named {story.name!r}",
                    f"one of them comes with the package {point.value}",
                )
    return found, unusable


def chosen(names: Sequence[str], *, slow: bool = False) -> list[Scenario]:
    """The named scenarios in the order given, each once.

    For no names all that are installed, those that are slow only if they are wanted.

    A name with a slash or ending in `.py` is the file of a scenario. A package whose scenarios
    can't be used is named on standard error, and the rest told.
    """
    known, unusable = offered()
    for error in unusable.values():
        sys.stderr.write(f"sessionlab: {error}\n  {error.hint}\n")
    if not names:
        return [story for story in known.values() if slow or not story.slow]
    picked = dict.fromkeys(
        story
        for name in names
        for story in (_of_file(Path(name)) if _is_file(name) else [_by_name(name, known)])
    )
    by_name: dict[str, Scenario] = {}
    for story in picked:
        if by_name.setdefault(story.name, story) is not story:
            raise UsageError(
                f"two of the scenarios are both named {story.name!r}",
                "rename one, or run them one after the other",
            )
    return list(picked)


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
