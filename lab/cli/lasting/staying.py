"""A lab that stays up: its terminal, its page, and what ends both."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.bench.at_keys import AtKeys
from sessionlab.lab.bench.greeting import how_to_look, how_to_try
from sessionlab.lab.bench.keys import Keys
from sessionlab.lab.bench.terminal import Terminal
from sessionlab.lab.cli.screen import Printer, Screen
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.page.api.opening import opened
from sessionlab.lab.page.api.server import served
from sessionlab.lab.page.desk.desk import Desk
from sessionlab.lab.reports.glyphs import glyphs_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Address, Fabric


@dataclass(frozen=True, slots=True)
class PageWishes:
    """Where the page listens, where it stores recordings, whether a browser is to open it.

    `token` is the one to ask for; it is made anew when empty.
    """

    listen: Address
    recordings: Path
    opens: bool = False
    token: str = field(default="", repr=False)


async def stay(
    description: Description, fabric: Fabric, redis_url: str | None, page: PageWishes
) -> None:
    """Boot it, and show what happens until somebody ends it."""
    try:
        await fabric.open()
        with Printer() as printer:
            terminal = Terminal(_rendering(), printer.write)

            def look() -> None:
                printer.check()
                terminal.look()

            desk = Desk(
                *(description, fabric, Events(), redis_url, terminal.show, look),
                recordings=page.recordings,
            )
            async with desk:
                await _run(desk, terminal, printer.write, page)
    finally:
        await fabric.close()


async def _run(
    desk: Desk, terminal: Terminal, write: Callable[[str], bool], page: PageWishes
) -> None:
    at_keys = AtKeys(lambda: desk.a.hands, terminal.show, desk.fail)

    def say(line: str) -> None:
        desk.show(Text(line))

    keys = Keys(desk.parts, at_keys.act, say, desk.leave)
    try:
        async with served(desk, page.listen, page.token) as place:
            cluster = desk.a.cluster
            found = await cluster.inventory.looked_at()
            greeting = how_to_try(cluster, found, place, keys=terminal.has_keys)
            if isinstance(desk.fabric, ExternalFabric):
                greeting = how_to_look(cluster, found, place)
            write(f"{greeting}\n")
            if page.opens and (why := await asyncio.to_thread(opened, place)):
                say(why)
            with terminal.taking(keys):
                await desk.run()
    finally:
        at_keys.close()


def _rendering() -> Callable[[Text], str]:
    """What makes of a line what this terminal can show of it."""
    screen = Screen(highlight=False, markup=False, emoji=False)
    glyphs = glyphs_for(screen.encoding, os.environ)

    def rendered(line: Text) -> str:
        with screen.capture() as captured:
            screen.print(Text(glyphs.clean(line.plain), line.style), soft_wrap=True)
        return captured.get()

    return rendered
