"""What an experiment came to, as text for a person: first who was lost and why; 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.experiment.as_run import notes
from sessionlab.lab.record.printable import printable
from sessionlab.lab.record.tables import Table
from sessionlab.lab.verdicts.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.experiment.results import Report, Result
    from sessionlab.lab.workload.load import Load

WIDTH, EVIDENCE = 80, 3
_MARKS = {
    Verdict.HOLDS: ("✓", "green"),
    Verdict.BROKEN: ("✗", "bold red"),
    Verdict.UNKNOWN: ("?", "yellow"),
    Verdict.SHOWN: ("–", "dim"),
}
_MET = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("?", "yellow")}
_STYLES = {Outcome.HELD: "bold green", Outcome.BROKEN: "bold red", Outcome.ERROR: "bold yellow"}
SHOWN = ("lost", "p99_ms")
"""The figures that a matrix' table has a column for, besides those that are bounded."""


def to_text(report: Report, again: str) -> Iterator[Text]:
    """Its lines; `again` is what to type to have the same once more."""
    if report.is_matrix:
        yield from _matrix(report)
    elif report.results:
        yield from in_full(report.results[0])
    yield Text()
    for line in report.cut_short.splitlines():
        yield from wrapped(line, "bold yellow")
    yield Text.assemble(("again:  ", "dim"), again)
    yield Text.assemble(("folder: ", "dim"), str(report.folder))


def line_of(result: Result) -> tuple[str, str]:
    """A cell in one line, and its style."""
    mark = {Outcome.HELD: "✓", Outcome.BROKEN: "✗"}.get(result.outcome, "!")
    return f"{mark} {result.name}  {result.sentence}", _STYLES[result.outcome]


def in_full(result: Result, name: str = "", evidence: int = EVIDENCE) -> Iterator[Text]:
    """All that is found of one run; `evidence` lines of it at most for each broken promise."""
    yield from wrapped(f"{name}{result.sentence}", _STYLES[result.outcome])
    for line in result.trouble.splitlines()[1:]:
        yield from wrapped(line, "yellow")
    yield Text()
    yield from _findings(result, evidence)
    if result.bounds:
        yield Text("bounds", "bold")
    for bound in result.bounds:
        yield from _marked(*_MET[bound.met], "", f"{bound.text}: {bound.saw}")
    if result.predictions:
        yield Text("predicted, and measured", "bold")
    for one in result.predictions:
        said = f"{one.name}: {one.predicted}; {one.seen}"
        yield from _marked(*_MET[one.agrees], "", said)
    if result.load:
        yield from wrapped(_cost(result.load), "dim")
    for note in notes(result):
        yield from wrapped(f"note: {note}", "yellow")


def _findings(result: Result, most: int) -> Iterator[Text]:
    """A line each, and the first of the evidence for what is broken."""
    column = max((len(finding.check) for finding in result.findings), default=0) + 2
    for finding in result.findings:
        mark, style = _MARKS[finding.verdict]
        if finding.verdict is Verdict.BROKEN and result.allowed(finding):
            style = "yellow"
        yield from _marked(mark, style, finding.check.ljust(column), finding.said)
        proof = finding.evidence[:most] if finding.verdict is Verdict.BROKEN else ()
        for evidence in proof:
            if evidence not in result.sentence:
                yield from wrapped(evidence, "dim", " " * (column + 2))


def _cost(load: Load) -> str:
    """What the generator did, and what it took itself."""
    shares = ", ".join(f"{100 * share:.0f} %" for share in load.cpu)
    asked = f" of {load.rate_asked:,.0f} asked for" if load.rate_asked is not None else ""
    done = f"{load.operations:,} operations ({load.errors:,} errors) in {load.seconds:.1f} s"
    return (
        f"generator: {done}, {load.rate_reached:,.0f}/s{asked}; {shares} of a core,"
        f" {load.cost:.0f} µs an operation"
    )


def _matrix(report: Report) -> Iterator[Text]:
    """A row a cell: its axes, what was bounded and measured, what came of it."""
    if not report.results:
        return
    axes = list(report.results[0].axes)
    bounded = dict.fromkeys(bound.figure for one in report.results for bound in one.bounds)
    figures = list(dict.fromkeys([*SHOWN, *bounded]))
    rows = []
    for result in report.results:
        known = {name: value for one in result.findings for name, value in one.figures.items()}
        cells = [_short(known.get(figure)) for figure in figures]
        rows.append([*(result.axes[axis] for axis in axes), *cells, str(result.outcome)])
    for number, line in enumerate(Table([*axes, *figures, "outcome"], rows).lines(WIDTH)):
        yield Text(line, "bold" if number == 0 else "")
    held = sum(result.outcome is Outcome.HELD for result in report.results)
    yield Text()
    yield Text(f"{held} of {len(report.results)} cells held what was asked of them", "bold")
    if report.left:
        yield from wrapped(f"not run: {', '.join(report.left)}", "yellow")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"  # noqa: PLR2004
    return "–" if value is None else str(value)


def _marked(mark: str, style: str, head: str, said: str) -> Iterator[Text]:
    indent = len(mark) + 1 + len(head)
    lines = wrap(printable(said), WIDTH - indent, break_on_hyphens=False) or [""]
    yield Text.assemble((mark, style), " ", (head, "bold"), lines[0])
    yield from (Text(" " * indent + line) for line in lines[1:])


def wrapped(said: str, style: str = "", indent: str = "") -> Iterator[Text]:
    """Lines of 80 columns at most; nothing in them moves a cursor."""
    lines = wrap(
        printable(said),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_on_hyphens=False,
    )
    yield from (Text(line, style) for line in lines)
