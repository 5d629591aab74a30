"""`sessionlab judge DIR`: every check on a stored run, without a cluster."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer
from rich.text import Text

from sessionlab.lab.cli.interrupts import stopped_by_signals
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.runs.options import Processes, Run, workers
from sessionlab.lab.cli.runs.progress import progress
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.record.printable import printable
from sessionlab.lab.reports.glyphs import glyphs_for
from sessionlab.lab.verdicts.pins import in_words

if TYPE_CHECKING:
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.fates import User

SCHEMA = 2
EVIDENCE = 1000  # lines: more than there are causes


def command(
    folder: Run,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="A second run: then what changed from one to the other."
        ),
    ] = None,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help="Only this one; again for others."),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="A line for every user.")] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the findings as JSON; - for standard output."),
    ] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(help="Write every operation as a line of JSON; - for standard output."),
    ] = None,
    processes: Processes = None,
) -> None:
    """Judge a stored run again: what became of its users, and all else there is a check for.

    With two runs: what changed from the first to the second, beyond chance among their users.

    Exit status: 0 its bounds hold and nobody was lost, 1 not so, 3 nothing can be said; of two
    runs 0 nothing got worse, 1 something did, 3 nothing can be compared.

    Example: `sessionlab run sticky-node-dies --out runs/1`, then `sessionlab judge runs/1`.
    """
    # Not before: NumPy alone takes as long to load as all the rest.
    from sessionlab.lab.experiment.again import judged as judge  # noqa: PLC0415
    from sessionlab.lab.reports.cases import cases  # noqa: PLC0415

    outputs = replace(Outputs.of(None, (), json=json_file), table=REPORTS)
    outputs.check()
    quiet = outputs.take_stdout or str(jsonl) == "-"
    if other:
        if only or each or jsonl:
            raise UsageError("--only, --each and --jsonl are of one run", "judge each by itself")
        _compare(folder, other, outputs, workers(processes))
    judged: list[tuple[Case, Result]] = []
    with stopped_by_signals("sessionlab: interrupted"), _opened(jsonl) as lines:
        for case in cases(folder):
            if lines:
                _export(case, lines)
            result, users = judge(case, only or (), workers(processes), progress)
            if judged and not quiet:
                typer.echo()
            judged.append((case, result))
            if not quiet:
                _show(result, users.judged if each else ())
    outputs.write(judged)
    raise typer.Exit(exit_status([result for _, result in judged]))


def _show(result: Result, each: Sequence[User]) -> None:
    """What is not known, then who was lost and why; 80 columns, but for the line of each user."""
    from sessionlab.lab.experiment.as_text import in_full, wrapped  # noqa: PLC0415  NumPy, as above

    screen = Screen(highlight=False)
    glyphs = glyphs_for(screen.encoding, os.environ)
    head = f"{result.name}: "
    lines = [line for cut in result.cut for line in wrapped(f"{head}{cut}", "bold yellow")]
    lines += in_full(replace(result, cut=()), head, EVIDENCE)
    lines += [Text(_line(user)) for user in each]
    screen.show(lines, glyphs)


def _line(user: User) -> str:
    line = f"{user.cluster}  {user.client}  {user.fate}"
    if user.at:
        at = user.at
        line += f" at {at.invoked:.3f} s: {at.method} {at.path} {at.status or 'no answer'}"
        line += f" from {at.node or 'the balancer'}, before it {user.home}"
        line += f"; {in_words(at.verdict, at.reason)}" if at.verdict else ""
    if user.says:
        line += f"; {user.says}"
    if user.interruptions:
        spans = ", ".join(str(span.milliseconds) for span in user.interruptions)
        line += f"; interrupted for {spans} ms"
    return printable(f"  {' '.join(line.splitlines())}")


def _compare(a: Path, b: Path, outputs: Outputs, processes: int) -> NoReturn:
    from sessionlab.lab.cli.runs import changes  # noqa: PLC0415  NumPy, as above
    from sessionlab.lab.viewer.comparing.comparing import compared  # noqa: PLC0415
    from sessionlab.lab.viewer.comparing.comparison import exit_status as status  # noqa: PLC0415

    with stopped_by_signals("sessionlab: interrupted"):
        found = compared(a, b, processes)
    if not outputs.take_stdout:
        for line in changes.to_text(found, str(a), str(b)):
            typer.echo(line)
    as_json = partial(changes.to_json, a=str(a), b=str(b))
    replace(outputs, table=Variants("", {"json": as_json}, "__call__")).write(found)
    raise typer.Exit(status(found))


def exit_status(results: Sequence[Result]) -> int:
    """1 when any is; 3 when none has shown anything, or it can't be told of a bound if it holds."""
    statuses = {result.exit_status for result in results}
    doubts = any(bound.met is None for result in results for bound in result.bounds)
    if 1 in statuses:
        return 1
    return NothingShown.exit_status if doubts or 0 not in statuses else 0


def to_json(judged: Sequence[tuple[Case, Result]]) -> str:
    """One object, as `run --json` has it: of each history what every check says of it."""
    results = [result for _, result in judged]
    document = {
        "sessionlab": version("sessionlab"),
        "schema": SCHEMA,
        "exit_status": exit_status(results),
        "scenarios": [_scenario(case, result) for case, result in judged],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _scenario(case: Case, result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "outcome": result.outcome,
        "sentence": result.sentence,
        "operations": case.stored.operations,
        "findings": [asdict(finding) for finding in result.findings],
        "bounds": [asdict(bound) for bound in result.bounds],
        "predictions": [asdict(one) for one in result.predictions],
        "notes": list(result.remarks),
        "cut": list(result.cut),
    }


REPORTS: Variants[Any] = Variants("sessionlab.judge_reports", {"json": to_json}, "__call__")


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO | None]:
    """A file that is written while the run is judged; raises UsageError, NothingShown."""
    if path is None or str(path) == "-":
        yield sys.stdout if path else None
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _export(case: Case, lines: TextIO) -> None:
    from sessionlab.lab.record.packed.export import to_jsonl  # noqa: PLC0415  NumPy, as above

    lines.writelines(to_jsonl(case.stored))
