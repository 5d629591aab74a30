"""A check as text for a person: a table ordeal × affinity, then what it means; 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.check.advice import WHERE
from sessionlab.lab.check.results import Cell, Check, CheckOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.reports.glyphs import Glyphs

WIDTH, GAP = 80, 2
_STYLES = {"kept": "green", "moved": "green", "unknown": "yellow", "interrupted": "yellow"}
_MARKS = {True: ("ok", "green"), False: ("NO", "red"), None: ("?", "yellow")}


def to_text(check: Check, glyphs: Glyphs) -> Iterator[Text]:
    """Its lines."""
    yield Text(f"{check.label}: {check.copies} copies, seed {check.seed}", "bold")
    yield from _control(check)
    if check.cells:
        yield Text()
        yield from _table(check, glyphs)
        yield from _meaning(check)
    yield from (_marked(bound.met, f"{bound.bound} ({bound.saw})") for bound in check.expect)
    for note in check.notes:
        yield from _wrapped(f"Note: {note}", "yellow")
    for line in check.trouble.splitlines():
        yield from _wrapped(line, "red")


def _control(check: Check) -> Iterator[Text]:
    failed = [step for step in check.control.steps if step.passed is False]
    if check.control.passed:
        passed = sum(step.passed is True for step in check.control.steps)
        yield Text(f"control run on one copy: {passed} of {passed} passed", "dim")
    for step in failed:
        yield from _wrapped(f"control run on one copy, {step.step}: {step.saw}", "red")
    if failed:
        yield Text("nothing is said of users: the recipe does not fit the app, or it is broken")


def _table(check: Check, glyphs: Glyphs) -> Iterator[Text]:
    """A column an affinity; below each other where they are wider than the room."""
    affinities = check.affinities
    first = max(map(len, check.ordeals)) + GAP
    wide = (WIDTH - first) // len(affinities)
    cells = {(cell.affinity, cell.ordeal): cell for cell in check.cells}
    heads = (glyphs.fit(one, wide - GAP).ljust(wide) for one in affinities)
    yield Text((" " * first + "".join(heads)).rstrip(), "bold")
    for ordeal in check.ordeals:
        texts = [_cell(cells.get((affinity, ordeal)), wide - GAP) for affinity in affinities]
        for row in range(max(map(len, texts))):
            line = Text((ordeal if row == 0 else "").ljust(first))
            for text in texts:
                said = text[row] if row < len(text) else Text()
                line.append_text(said)
                line.append(" " * (wide - len(said)))
            line.rstrip()
            yield line


def _cell(cell: Cell | None, wide: int) -> list[Text]:
    if cell is None:
        return [Text("–")]
    if not cell.shown:
        return [Text("–" if cell.outcome == "not-applicable" else "error", "yellow")]
    lines = [Text()]
    for name, said in cell.counts.parts():
        if len(lines[-1]) and len(lines[-1]) + 2 + len(said) > wide:
            lines.append(Text())
        lines[-1].append(", " if len(lines[-1]) else "").append(said, _STYLES.get(name, "red"))
    return lines


def _meaning(check: Check) -> Iterator[Text]:
    yield Text()
    where = WHERE[check.diagnosis.sessions_live_in]
    yield from _wrapped(f"{where}.", "bold")
    for advice in check.diagnosis.advice:
        yield from _wrapped(f"- {advice}")
    lines = list(_whys(check))
    yield from [Text(), *lines] if lines else []
    if check.expect or check.outcome is CheckOutcome.ERROR:
        yield Text()


def _whys(check: Check) -> Iterator[Text]:
    """Each reason once; of an affinity that loses users whenever they ask, that is enough."""
    out = {cell.affinity for cell in check.cells if cell.ordeal == "ask" and cell.counts.lost}
    whys: dict[str, list[Cell]] = {}
    for cell in check.cells:
        if cell.why and (cell.ordeal == "ask" or cell.affinity not in out or not cell.shown):
            whys.setdefault(cell.why, []).append(cell)
    for why, cells in whys.items():
        ordeals = list(dict.fromkeys(cell.ordeal for cell in cells))
        said = "all" if ordeals == check.ordeals else ", ".join(ordeals)
        affinities = ", ".join(dict.fromkeys(cell.affinity for cell in cells))
        yield from _wrapped(f"{said} ({affinities}): {why}", "dim")


def _marked(met: bool | None, said: str) -> Text:
    mark, style = _MARKS[met]
    return Text.assemble((mark, style), " ", said)


def _wrapped(said: str, style: str = "") -> Iterator[Text]:
    lines = wrap(said.replace("\n", "; "), WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    yield from (Text(line, style) for line in lines)
