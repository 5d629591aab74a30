"""The few characters beyond ASCII that a report draws with, and what stands for them without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Glyphs:
    yes: str = "✓"
    no: str = "✗"
    bar: str = "│"
    times: str = "×"
    more: str = "…"
    none: str = "–"

    def clean(self, text: str, keep: str = "") -> str:
        """Somebody else's text: nothing in it moves a cursor, or is longer than it looks."""
        printable = "".join(c if c.isprintable() or c in keep else "?" for c in text)
        return printable if self.yes == "✓" else _escaped(self.plain(printable))

    def plain(self, text: str) -> str:
        """A text of ours, with what these are instead of what is not ASCII."""
        return text.replace("×", self.times).replace("…", self.more).replace("–", self.none)


def _escaped(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


ASCII = Glyphs("ok", "NO", "|", "x", "...", "-")


def glyphs_for(encoding: str, environment: Mapping[str, str]) -> Glyphs:
    """What a terminal can show: ASCII where its encoding, or the locale asked for, has no more.

    In the C locale Python writes UTF-8 all the same (PEP 538, 540), and the terminal need not.
    """
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE", "")
    if not environment.get("LC_ALL") and locale in ("", "C.UTF-8"):  # the latter set by Python
        locale = environment.get("LANG", "") or locale
    utf = encoding.lower().replace("-", "").startswith("utf")
    return Glyphs() if utf and locale not in ("C", "POSIX") else ASCII
