"""Runs the lab's main coroutine so that Ctrl-C, SIGTERM and SIGHUP clear everything away first."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import TypeVar

import typer
import uvloop

from sessionlab.lab.errors import LabError

T = TypeVar("T")


def run_to_end(main: Coroutine[object, object, T], *, said: str) -> T:
    """Run it; after a signal say `said` and exit with 128 plus the signal's number.

    The first signal cancels, which stops every part; a second one leaves at once, and the parts'
    own parent process stops them (see `sessionlab.lab.fabrics.local.forkserver`).
    """
    caught: list[int] = []

    async def guarded() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine that runs is in a task

        def cancel(signum: int) -> None:
            if caught:
                sys.exit(128 + signum)
            caught.append(signum)
            task.cancel()

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(signum, cancel, signum)
        return await main

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
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
