"""`sessionlab report DIR`: a stored run as one page, which a browser shows without any network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sessionlab.lab.cli.interrupts import stopped_by_signals
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.runs.options import Processes, Run, workers
from sessionlab.lab.cli.runs.progress import progress
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import NothingShown
from sessionlab.lab.record.printable import printable

if TYPE_CHECKING:
    from sessionlab.lab.viewer.view import Page


def command(
    folder: Run,
    other: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A second run, to be seen beside it."),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where it goes, if not to DIR/report.html (of two: comparison.html).",
        ),
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append Markdown, as for the summary of a CI job."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JUnit XML; - for standard output.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write all that the page shows; - for standard output."
        ),
    ] = None,
    processes: Processes = None,
) -> None:
    """Show a stored run as a page: who was logged out, when, and why; with two, what changed.

    One HTML file with all that it takes inside: it loads nothing, and can be sent to a colleague.

    Exit status: 0 it was written, whatever it shows; 2 there is no such run.

    Example: `sessionlab run sticky-node-dies --out runs/1`, then `sessionlab report runs/1 --open`.
    """
    # Not before: NumPy alone takes as long to load as all the rest.
    from sessionlab.lab.reports.cases import folder_of  # noqa: PLC0415
    from sessionlab.lab.reports.earlier import COMPARISON, REPORT  # noqa: PLC0415
    from sessionlab.lab.viewer.as_run import to_junit, to_summary  # noqa: PLC0415
    from sessionlab.lab.viewer.page import to_html  # noqa: PLC0415

    with stopped_by_signals("sessionlab: interrupted"):
        page = _page(folder, other, workers(processes))
    written = out or (folder_of(other) / COMPARISON if other else folder_of(folder) / REPORT)
    makes = {"html": to_html, "summary": to_summary, "junit": to_junit, "json": _as_json}
    files = {"html": written, "summary": summary, "junit": junit, "json": json_file}
    outputs = replace(Outputs.of(None, (), **files), table=Variants("", makes, "__call__"))
    outputs.write(page)
    if not outputs.take_stdout:
        typer.echo(printable(page.sentence))
        typer.echo(f"{written}: {written.stat().st_size / 1000:,.0f} kB")
    if open_it and str(written) != "-":
        _open(written)


def _as_json(page: Page) -> str:
    from sessionlab.lab.viewer.view import to_json  # noqa: PLC0415  NumPy, as above

    return to_json(page).decode() + "\n"


def _page(folder: Path, other: Path | None, processes: int) -> Page:
    from sessionlab.lab.viewer.building import beside, page  # noqa: PLC0415  NumPy, as above

    if other is None:
        return page(folder, processes, progress)
    return beside(folder, other, processes, progress)


def _open(path: Path) -> None:
    import webbrowser  # noqa: PLC0415  what nobody asks for takes no time

    if not webbrowser.open(path.resolve().as_uri()):
        raise NothingShown("there is no browser here", f"open {path} in one")
