"""Pictures of reports, of two runs that are made for them here and now."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.screenshots.pictures import still

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

NAMES = "report-"
EXPERIMENT = """
name = "a-node-is-killed"
seed = 1
[cluster]
strategy = "{strategy}"
nodes = 3
affinity = "cookie"
[workload]
users = 120
seconds = 8
think = 0.2
life = {{browse = 10, write = 2, logout = 0}}
[[fault]]
fault = "kill-node"
part = "n2"
at = 4
for = 1
[bounds]
p99_ms = "<= 250"
lost = 0
"""


def made(room: Path) -> tuple[str, str]:
    """The addresses of a run's report, and of one of two runs."""
    for strategy in ("memory", "redis"):
        (room / f"{strategy}.toml").write_text(EXPERIMENT.format(strategy=strategy))
        sessionlab(room, "run", f"{strategy}.toml", "--out", strategy)
    sessionlab(room, "report", "memory")
    sessionlab(room, "report", "memory", "redis", "--out", "two.html")
    return (room / "memory/report.html").as_uri(), (room / "two.html").as_uri()


def sessionlab(room: Path, *words: str) -> None:
    command = [sys.executable, "-m", "sessionlab", *words]
    subprocess.run(command, cwd=room, check=False, capture_output=True)


def taken(chromium: Browser) -> Iterator[tuple[str, bytes]]:
    """Their names and what they show."""
    with tempfile.TemporaryDirectory() as room:
        report, two = made(Path(room))
        for name, shot in shots(chromium, report, two):
            yield f"{name}.png", still(shot)


def shots(chromium: Browser, report: str, two: str) -> Iterator[tuple[str, bytes]]:
    for scheme in ("light", "dark"):
        page = opened(chromium, report, scheme=scheme, height=1180)
        yield f"report-{scheme}", page.screenshot()
        page.close()
    page = opened(chromium, report, height=760)
    page.locator("h2", has_text="Users").last.evaluate("(head) => head.scrollIntoView()")
    yield "report-lanes", page.screenshot()
    page.locator(".losses button").first.click()
    page.wait_for_timeout(300)
    page.locator("li.marks").evaluate("(step) => step.scrollIntoView({ block: 'center' })")
    yield "report-loss", page.screenshot()
    page.close()
    page = opened(chromium, two, height=900)
    yield "report-two-runs", page.screenshot()
    page.close()


def opened(chromium: Browser, url: str, *, height: int, scheme: str = "light") -> Page:
    page = chromium.new_page(viewport={"width": 1100, "height": height})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(url)
    page.wait_for_selector("footer")
    return page
