"""Pictures of the live page, of a cluster that is up for them; one of them moves."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.page.browser.up import opened, up
from tests.screenshots.pictures import moving, still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

NAMES = "page-"
WIDTH, HEIGHT, SHOWN = 1120, 860, 900
FRAME = 120  # milliseconds at least
STEPS = (2.4, 2.8, 2.0, 3.6, 4.2)  # seconds that each of the tour's first steps is watched


def taken(chromium: Browser) -> Iterator[tuple[str, bytes]]:
    """Their names and what they show."""
    with tempfile.TemporaryDirectory() as room, up(Path(room)) as lab:
        with opened(chromium, lab.page, width=WIDTH, height=HEIGHT) as tab:
            yield "page-tour.gif", moving(list(tour(tab)), SHOWN)
        for scheme in ("light", "dark"):
            with opened(chromium, lab.page, width=WIDTH, height=HEIGHT, color_scheme=scheme) as tab:
                tab.wait_for_timeout(800)
                yield f"page-{scheme}.png", still(tab.screenshot())


def tour(tab: Tab) -> Iterator[tuple[bytes, int]]:
    """The first steps of the tour, as one sees them."""
    for seconds in STEPS:
        tab.locator(".tour .go").click()
        yield from watched(tab, seconds)


def watched(tab: Tab, seconds: float) -> Iterator[tuple[bytes, int]]:
    """What is to be seen for so long; a picture that stays is one."""
    end = time.monotonic() + seconds
    last, shown = tab.screenshot(), 0
    while time.monotonic() < end:
        began = time.monotonic()
        tab.wait_for_timeout(FRAME)
        shot = tab.screenshot()
        shown += round((time.monotonic() - began) * 1000)
        if shot != last:
            yield last, shown
            last, shown = shot, 0
    yield last, shown + 400
