"""`sessionlab watch`: what becomes of the users of a system while something is done to it."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sessionlab.lab.cli.apps.outside import AllowScript, Ca, RecipePath, Url, Variant, seconds, talk
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.options import Json, Junit, Out, Seed, Summary, drawn
from sessionlab.lab.cli.outputs import Outputs
from sessionlab.lab.cli.run import why_ended
from sessionlab.lab.cli.screen import Screen
from sessionlab.lab.clients.people import people
from sessionlab.lab.clients.spellings import without
from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.reaching import address, network
from sessionlab.lab.outside.shell import check
from sessionlab.lab.outside.watch_report import Told
from sessionlab.lab.outside.watched import CLUSTER, NAME, Watched
from sessionlab.lab.outside.watching import Watch, Wishes
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.scenario.runner import release
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.results import RunResult

INTERRUPTED = "sessionlab: interrupted before there was a verdict; the command was ended"
SHORTEST = 6  # characters of a password that is hidden in what others have written
MOST_USERS = 20  # unless more are asked for
RARELY = 10.0  # seconds between two lines of progress that is no terminal's

Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- COMMAND]...", help="What changes the system, as a deploy does."),
]
Users = Annotated[
    int | None,
    typer.Option(min=1, help="Clients that log in; 20, if the recipe's [users] allow so many."),
]
Rate = Annotated[float, typer.Option(min=0.1, help="Requests a second, of all together.")]
Settle = Annotated[
    str, typer.Option(metavar="TIME", help="At most so long after the command, until it is calm.")
]
Lasts = Annotated[
    str | None,
    typer.Option("--for", metavar="TIME", help="Without a command: so long, and not until Ctrl-C."),
]


def command(
    words: Command = None,
    *,
    recipe: RecipePath,
    url: Url,
    variant: Variant = None,
    users: Users = None,
    rate: Rate = 20.0,
    settle: Settle = "30s",
    lasts: Lasts = None,
    ca: Ca = None,
    allow_script: AllowScript = False,
    seed: Seed = None,
    json: Json = None,
    junit: Junit = None,
    summary: Summary = None,
    out: Out = None,
) -> None:
    """Log users in to a system that runs elsewhere, run a command, and say who was lost.

    Each asks who it is (and writes and reads, where the recipe says how) once a second, until the
    system has been calm for 5 s after the command. Nothing in the recipe's [app] is run.

    Example: `sessionlab watch --recipe shop.toml --url https://shop.example -- ./deploy.sh`.

    Exit status: 0 nobody was lost; 1 somebody was logged out, stuck or given wrong data; 3 nobody
    was, but the command failed, somebody is unknown or nobody could log in before it; 2 wrong
    usage; 130 interrupted (without a command Ctrl-C is how it ends).
    """
    if words and lasts:
        raise UsageError("--for is for a watch without a command", "leave one of them out")
    where, described = address(url), talk(recipe, variant)
    users = users or min(MOST_USERS, described.users.count)
    wishes = Wishes(
        where,
        users=users,
        settle=seconds(settle),
        lasts=seconds(lasts) if lasts else None,
        command=tuple(words or ()),
        seed=drawn(seed),
    )
    check(wishes.command)
    Outputs.of(None, [], summary=summary).check()
    outputs = Outputs.of(out, [], json=json, junit=junit)
    outputs.check()
    secrets = {person.password for person in people(described, users)} | {where.password}
    told = Told(
        described.name,
        where.shown,
        [_without(word, secrets) for word in wishes.command],
        wishes.seed,
        time.time(),
    )
    watch = Watch(described, wishes, network(ca), Events(), Pacer(rate), allow_script)
    raise typer.Exit(_Reported(outputs, watch, told, secrets, summary).run())


@dataclass
class _Reported:
    """A watch with its line on the terminal, and all that is made of it."""

    outputs: Outputs
    watch: Watch
    told: Told
    secrets: Collection[str]
    summary: Path | None

    def __post_init__(self) -> None:
        self._screen = Screen(stderr=self.outputs.take_stdout, highlight=False)
        terminal = self._screen.is_terminal
        self._status = self._screen.status("") if terminal else None
        self._phase, self._last = "", 0.0
        self.watch.say, self.watch.show, self.watch.pacer.told = self._say, self._show, self._say

    def run(self) -> int:
        """The exit status."""
        events, heard = self.watch.events, list[Event]()
        self.outputs.begin(self.told.cut_short("it has not ended"))
        with ExitStack() as stack:
            folder = None
            if self.outputs.folder:
                folder = stack.enter_context(Folder(self.outputs.folder, self.outputs.files))
                events.listen(folder.hear)
            events.emit("run.started", seed=self.told.seed, scenarios=[NAME])
            stack.enter_context(self._status or nullcontext())
            self._begin()
            heard = stack.enter_context(events.recording(NAME))
            events.emit("scenario.started", NAME, title=self.told.app)
            try:
                seen = run_to_end(self.watch.run(), said=INTERRUPTED)
            except BaseException as error:
                self._keep(self.told.cut_short(why_ended(error), events.now()), folder)
                raise
            self._keep(self.told.run(seen, heard, events.now()), folder)
            self._end(seen)
        return seen.exit_status

    def _begin(self) -> None:
        wishes = self.watch.wishes
        self._say(
            f"{self.told.app} at {self.told.url}: {number(wishes.users, 'client')},"
            f" {self.watch.pacer.rate:g} requests a second at most; seed {wishes.seed}"
        )

    def _keep(self, result: RunResult, folder: Folder | None) -> None:
        if folder and self.watch.output:
            text = _without("\n".join(self.watch.output), self.secrets)
            log = {"cluster": CLUSTER, "part": "command", "text": f"{text}\n"}
            self.watch.events.emit("part.log", NAME, **log)
        try:
            self.outputs.write(result)
        finally:
            if folder:
                folder.write(result, release())

    def _end(self, seen: Watched) -> None:
        if self.summary:
            with self.summary.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self.told.summary(seen))
        first, *lines = seen.lines()
        style = "bold green" if seen.exit_status == 0 else "bold red"
        self._screen.print(Text(f"\n{first}", style))
        for line in lines:
            self._screen.print(Text(line), soft_wrap=True)

    def _say(self, line: str) -> None:
        self._screen.print(Text.from_ansi(_without(line, self.secrets)), soft_wrap=True)

    def _show(self, line: str) -> None:
        if self._status:
            self._status.update(Text(line, no_wrap=True, overflow="ellipsis"))
            return
        phase, _, _ = line.partition(":")
        if phase != self._phase or time.monotonic() - self._last > RARELY:
            self._phase, self._last = phase, time.monotonic()
            self._say(line)


def _without(text: str, secrets: Collection[str]) -> str:
    """A text of somebody else's; what is short may be a word, and is no secret."""
    for secret in secrets:
        text = without(text, secret, "…") if len(secret) >= SHORTEST else text
    return text
