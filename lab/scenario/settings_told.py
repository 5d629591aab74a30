"""What came of the settings that a story tells side by side, and which of them did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from sessionlab.lab.record.tables import WHY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.errors import Skip

T = TypeVar("T")
NONE = "–"


class Told(dict[str, T]):
    """What each part returned, by its name; to ask for one that was skipped raises its Skip."""

    def __init__(self, told: Mapping[str, T], skipped: Mapping[str, Skip]) -> None:
        super().__init__(told)
        self._skipped = skipped

    def __missing__(self, name: str) -> NoReturn:
        raise self._skipped[name] if name in self._skipped else KeyError(name)


def marked(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    told: Mapping[str, object],
    left_out: Mapping[str, str],
) -> list[Sequence[str]]:
    """The rows, and one for each setting that was left out, where the rows are of settings.

    It says so, or the reason where the last column is for reasons.
    """
    named = {row[0] for row in rows}
    if not named & set(told):
        return list(rows)
    says_why = columns[-1] == WHY
    nothing = [NONE] * (len(columns) - 2)
    return [
        *rows,
        *(
            [name, *nothing, reason if says_why else "not shown"]
            for name, reason in left_out.items()
            if name not in named
        ),
    ]
