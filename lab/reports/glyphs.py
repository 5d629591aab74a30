"""The few characters beyond ASCII that we draw with, and what stands for them without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTEAD = str.maketrans(
    {"✓": "ok", "✗": "NO", "│": "|", "×": "x", "…": "...", "–": "-", "→": "->"}
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What a terminal can show; `ascii`: nothing beyond that."""

    ascii: bool = False

    def clean(self, text: str, keep: str = "") -> str:
        """A text in these: nothing in it moves a cursor, or is longer than it looks."""
        printable = "".join(c if c.isprintable() or c in keep else "?" for c in text)
        if not self.ascii:
            return printable
        return printable.translate(_INSTEAD).encode("ascii", "backslashreplace").decode()

    def fit(self, text: str, width: int) -> str:
        """The same on one line of that width, with the end cut off where it is longer."""
        clean, more = self.clean(text), self.clean("…")
        if cell_len(clean) <= width:
            return clean
        return set_cell_size(clean, max(0, width - len(more))).rstrip() + more


ASCII = Glyphs(ascii=True)


def glyphs_for(encoding: str, environment: Mapping[str, str]) -> Glyphs:
    """What a terminal can show: ASCII where its encoding, or the locale asked for, has no more.

    In the C locale Python writes UTF-8 all the same (PEP 538, 540), and the terminal need not.
    """
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE", "")
    if not environment.get("LC_ALL") and locale in ("", "C.UTF-8"):  # the latter set by Python
        locale = environment.get("LANG", "") or locale
    utf = encoding.lower().replace("-", "").startswith("utf")
    return Glyphs(ascii=not utf or locale in ("C", "POSIX"))
