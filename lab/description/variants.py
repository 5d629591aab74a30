"""The variants of a family by name: ours, and those that installed packages offer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from sessionlab.lab.errors import UsageError

T = TypeVar("T")


class Variants(Mapping[str, T]):
    """A table of our names and those of an entry point group; ours come first, and win.

    What a package offers is loaded when it is asked for by its name, never for the names alone;
    UsageError then says which package's code can't be imported, or lacks one of the `members`, and
    which two offer the same name.
    """

    def __init__(self, group: str, ours: Mapping[str, T], *members: str) -> None:
        self._group = group
        self._ours = ours
        self._members = members
        self._told: set[str] = set()

    def __getitem__(self, name: str) -> T:
        if name in self._ours:
            return self._ours[name]
        points = list(entry_points(group=self._group, name=name))
        if not points:
            raise KeyError(name)
        if len(points) > 1:
            whose = " and ".join(map(_package, points))
            raise UsageError(f"{whose} both offer {name!r} in {self._group}", "uninstall one")
        return load(points[0], self._check)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._names()  # `Mapping` would load it

    def is_ours(self, name: str) -> bool:
        """Whether it is not an installed package's."""
        return name in self._ours

    def named(self, name: str) -> T:
        """The variant of that name; raises UsageError when there is none."""
        if name not in self:
            raise UsageError(
                f"no {name!r} among the {self._group}", f"there are: {', '.join(self)}"
            )
        return self[name]

    def usable(self) -> dict[str, T]:
        """All that can be used; what can't is named once on standard error, with its package."""
        found: dict[str, T] = {}
        for name in self:
            try:
                found[name] = self[name]
            except UsageError as error:
                if name not in self._told:
                    sys.stderr.write(f"sessionlab: {error}\n  {error.hint}\n")
                self._told.add(name)
        return found

    def summaries(self) -> dict[str, str]:
        """A line about each; about one that can't be used, why not."""
        return {name: self._summary(name) for name in self}

    def _names(self) -> dict[str, None]:
        theirs = (point.name for point in entry_points(group=self._group))
        return dict.fromkeys([*self._ours, *sorted(theirs)])

    def _summary(self, name: str) -> str:
        try:
            found = self[name]
        except UsageError as error:
            return f"unusable: {error}"
        said = found if isinstance(found, str) else getattr(found, "summary", found.__doc__)
        return (said or "").partition("\n")[0]

    def _check(self, found: T) -> T:
        if lacking := self._lacking(found):
            raise TypeError(f"{found!r} has no {lacking}")
        return found

    def _lacking(self, found: object) -> str:
        return ", ".join(member for member in self._members if not hasattr(found, member))


class Factories(Variants[Callable[..., T]], Generic[T]):
    """The same of classes, or of functions that make what has the `members`."""

    def make(self, name: str, *values: Any, **options: Any) -> T:
        """Make one; raises UsageError also when a package's function makes something else."""
        made = self.named(name)(*values, **options)
        lacking = self._lacking(made)
        if lacking:
            raise UsageError(f"{name!r}, one of the {self._group}, makes what has no {lacking}")
        return made

    def _check(self, found: Callable[..., T]) -> Callable[..., T]:
        if not callable(found):
            raise TypeError(f"{found!r} can't be called")
        # Of what a function makes nothing is known yet.
        return super()._check(found) if isinstance(found, type) else found


def load(point: EntryPoint, check: Callable[[Any], T]) -> T:
    """What `check` returns for what a package offers; raises UsageError with the package's name."""
    try:
        return check(point.load())
    except (Exception, SystemExit) as error:
        package = _package(point)
        raise UsageError(
            f"{point.name!r}, one of the {point.group} of the package {package},"
            f" can't be used: {type(error).__name__}: {error}",
            f"mend or uninstall {package}",
        ) from error


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
