"""Runs the lab's main coroutine so that a signal that ends it clears everything away first."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
import uvloop

from sessionlab.lab.errors import LabError

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, Ctrl-\, …


def run_to_end(main: Coroutine[object, object, T], *, said: str) -> T:
    """Run it; after a signal say `said` and exit with 128 plus the signal's number.

    The first signal cancels, which stops every part; a second one leaves at once, also where the
    loop itself is held up, and the parts' own parent process stops them (see
    `sessionlab.lab.fabrics.local.forkserver`).
    """
    caught: list[int] = []

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine that runs is in a task

        def cancel(signum: int, _: object) -> None:
            """Not the loop's own handler, which would wait for the loop."""
            if caught:
                sys.exit(128 + signum)
            caught.append(signum)
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        for signum in SIGNALS:
            signal.signal(signum, cancel)
        return await main

    try:
        with _handlers_kept(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(guarded())
    except asyncio.CancelledError:
        if not caught:
            raise
        typer.echo(said, err=True)
        raise typer.Exit(128 + caught[0]) from None
    except SystemExit:
        if caught:
            raise
        raise LabError(
            "something called sys.exit() beside the stories, so all that ran was cut short",
            "raise an error instead: it then ends only its own story",
        ) from None


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Afterwards signals do what they did."""
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextmanager
def stopped_by_signals(said: str) -> Iterator[None]:
    """A signal ends what is done inside, in order; then as `run_to_end`."""
    caught: list[int] = []

    def stop(signum: int, _: object) -> None:
        caught.append(signum)
        raise KeyboardInterrupt

    with _handlers_kept():
        for signum in SIGNALS:
            signal.signal(signum, stop)
        try:
            yield
        except KeyboardInterrupt:
            typer.echo(said, err=True)
            raise typer.Exit(128 + caught[0]) from None
