"""`sessionlab probe`: what can be told about a deployed system from outside."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from json import dumps
from typing import Annotated

import typer
from rich.text import Text

from sessionlab.lab.cli.apps.outside import AllowScript, Ca, RecipePath, Url, Variant, talk
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.options import Json
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.cli.whole_files import replace
from sessionlab.lab.errors import NothingShown
from sessionlab.lab.outside.credentials import credentials
from sessionlab.lab.outside.findings import Finding, Severity, findings
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.probing import Probe, planned
from sessionlab.lab.outside.reaching import address, network
from sessionlab.lab.scenario.runner import release

_STYLES = {
    Severity.GOOD: "green",
    Severity.INFO: "cyan",
    Severity.WARN: "yellow",
    Severity.BAD: "bold red",
    Severity.UNKNOWN: "dim",
}


def command(
    *,
    recipe: RecipePath,
    url: Url,
    variant: Variant = None,
    ca: Ca = None,
    max_requests: Annotated[int, typer.Option(min=1, help="Never more requests than that.")] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="Never more requests in a second.")] = 5.0,
    allow_script: AllowScript = False,
    json: Json = None,
) -> None:
    """Look at a deployed system from outside: its affinity, its session, its cookies and tokens.

    It says first what it will send, which is nothing but the recipe's own conversations, as its
    first user. Nothing in the recipe's [app] is run.

    Example: `sessionlab probe --recipe shop.toml --url https://shop.example`.

    Exit status: 0 whatever was found; 3 it could not log in, or reach the system; 2 wrong usage;
    130 interrupted.
    """
    described, where = talk(recipe, variant), address(url)
    plan = planned(described, max_requests)
    pacer = Pacer(rate, max_requests, strictly=True)
    probe = Probe(described, where, network(ca), pacer, plan, allow_script=allow_script)
    to_stdout = str(json) == "-"
    screen = Screen(stderr=to_stdout, highlight=False)
    first = f"{described.name} at {where.shown}: {plan.requests} requests, and a few more where"
    first += f" redirects are followed; {max_requests} at most, {rate:g} a second"
    pacer.told = partial(screen.print, markup=False, soft_wrap=True)
    screen.print("\n".join([first, *plan.lines()]), markup=False, soft_wrap=True)
    seen = run_to_end(probe.run(), said="sessionlab: interrupted; nothing is left behind")
    found = [*findings(seen), *credentials(seen)]
    for finding in found:
        screen.print(Text("\n").join(_lines(finding)), soft_wrap=True)
    notes = [f"{pacer.sent} requests were sent", *seen.notes]
    screen.print("; ".join(notes), markup=False, soft_wrap=True)
    if json:
        document = {
            "sessionlab": release(),
            "schema": 1,
            "app": described.name,
            "url": where.shown,
            "requests": pacer.sent,
            "notes": seen.notes,
            "findings": [asdict(finding) for finding in found],
        }
        text = dumps(document, indent=2, ensure_ascii=False) + "\n"
        if to_stdout:
            sys.stdout.write(text)
            return
        try:
            replace(json, text)
        except OSError as error:
            raise NothingShown(f"cannot write {json}: {error.strerror}", "name another") from None


def _lines(finding: Finding) -> list[Text]:
    lines = [Text.assemble((f"{finding.severity:<8}", _STYLES[finding.severity]), finding.says)]
    lines += [Text(f"{'':8}{finding.evidence}", "dim")] if finding.evidence else []
    lines += [Text(f"{'':8}→ {finding.advice}")] if finding.advice else []
    return lines
