"""Where the result of a run goes besides the screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sessionlab.lab.cli.whole_files import is_replaced, replace
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.reports import REPORTS


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the result goes besides the screen."""

    folder: Path | None = None
    reports: Sequence[tuple[str, Path]] = ()
    table: Variants[Callable[[Any], str]] = field(default_factory=lambda: REPORTS)

    @classmethod
    def of(cls, folder: Path | None, reports: Sequence[str], **files: Path | None) -> Self:
        """From `NAME=FILE`s, and the files of reports that have an option of their own."""
        given = [(name, path) for name, path in files.items() if path is not None]
        return cls(folder, [*given, *map(_report, reports)])

    @property
    def files(self) -> list[Path]:
        return [path for _, path in self.reports]

    def check(self) -> None:
        """Find out before the run, not after it, that its result cannot be kept."""
        for name, path in self.reports:
            self.table.named(name)
            if _is_stdout(path):
                continue
            try:
                path.open("a", encoding="utf-8").close()
            except OSError as error:
                raise UsageError(f"cannot write {path}: {error.strerror}") from None

    @property
    def take_stdout(self) -> bool:
        return any(map(_is_stdout, self.files))

    def begin(self, result: Any) -> None:
        """Take the place of an earlier run's reports, whatever may end this one."""
        for name, path in self.reports:
            if name != "summary" and not _is_stdout(path) and is_replaced(path):
                replace(path, self._made(name, result))

    def write(self, result: Any) -> None:
        """Write every report that can be written; raises NothingShown when one can't be."""
        failed: list[str] = []
        for name, path in self.reports:
            try:
                _write(name, path, self._made(name, result))
            except Exception as error:  # noqa: BLE001  a package's own report must not lose the others
                failed.append(f"{name} to {path}: {error}")
        if failed:
            raise NothingShown(f"cannot write {'; '.join(failed)}", "name another file")

    def _made(self, name: str, result: Any) -> str:
        report = self.table[name]
        try:
            text = report(result)
            if not isinstance(text, str):
                raise TypeError(f"it made {text!r}, which is no text")  # noqa: TRY301
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise NothingShown(
                f"the report {name!r} of {report.__module__} failed: {why}"
            ) from error
        return text


def _write(name: str, path: Path, text: str) -> None:
    if _is_stdout(path):
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    elif name == "summary":  # earlier steps may have written to it
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    else:
        replace(path, text)


def _report(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise UsageError(f"--report {text} makes no sense", "write NAME=FILE, or NAME=-")
    return name, Path(path)


def _is_stdout(path: Path) -> bool:
    return str(path) == "-"
