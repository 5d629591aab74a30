"""A TOML file that a person has written: what is wrong with it is told with its line and key."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.places import line_of, places

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.recipes.checks.fault import Fault
    from sessionlab.lab.recipes.places import Keys


@dataclass(frozen=True, slots=True)
class TomlText:
    """The file and what stands in it; no text where it was made, not read."""

    path: Path
    text: str = field(repr=False)

    @classmethod
    def read(cls, path: Path, hint: str = "") -> TomlText:
        """Raises UsageError for what cannot be read; `hint` is what to do where there is none."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}", hint) from None
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is no TOML: {error}") from None

    def parsed(self) -> dict[str, Any]:
        """What the file says; raises UsageError with the line where it is no TOML."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{self.path} is no TOML: {error}") from None
        except RecursionError:
            raise UsageError(f"{self.path} is nested too deeply") from None

    def refused(self, fault: Fault, within: Keys = ()) -> UsageError:
        """The error for a fault, with the line of its key, or of the table that should have it."""
        line = line_of(places(self.text), (*within, *fault.keys))
        where = f"{self.path}:{line}" if line else str(self.path)
        said = " ".join(filter(None, (dotted(fault.keys), fault.says)))
        return UsageError(f"{where}: {said}", fault.hint)


def dotted(keys: Keys) -> str:
    """`fault[0].part`: a key as a person writes it."""
    said = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return said.removeprefix(".")
