"""`sessionlab up` as a process of its own, and its page as a person opens it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from tests.lab.cli.test_command import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

PATIENCE = 60.0
SOON = 30_000  # ms in which all is to be seen
CHANGED = "net::ERR_NETWORK_CHANGED"  # another network of this machine came or went: a container's
TROUBLE = "Failed to load resource"  # what Chromium writes where an answer is an error, or none


@dataclass
class Up:
    """`page` is the address that it has printed."""

    page: str
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return self.page.partition("/#")[0]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What its API answers."""
        token = self.page.partition("#token=")[2]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.origin}/api/1{path}", data, headers, method=method)
        with urlopen(request, timeout=PATIENCE) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def cluster(self, id_: str = "a") -> Any:
        state = self.ask("GET", "/state")
        return next(each for each in state["clusters"] if each["id"] == id_)

    def act(self, do: str, part: str = "") -> None:
        self.ask("POST", "/actions", {"do": do, "part": part})


@contextmanager
def up(folder: Path, *options: str) -> Iterator[Up]:
    """It runs in that folder, which is where it records."""
    printed = folder / "up.txt"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, "up", *options],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        yield Up(_address(printed, process), process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _address(printed: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PATIENCE
    while not (found := re.search(r"^page +(http\S+)$", printed.read_text(), re.MULTILINE)):
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < end, printed.read_text()
        time.sleep(0.02)
    return found[1]


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    width: int = 1200,
    height: int = 900,
    errors: bool = False,
    ready: str = ".tour .go",
    **looks: object,
) -> Iterator[Tab]:
    """The page, once it shows the cluster; what goes wrong in it fails the test.

    `ready` is what is there then. `errors`: answers that are errors are to come, and Chromium's
    console may say so.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **looks)  # type: ignore[arg-type]
    context.set_default_timeout(SOON)
    tab = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(url)
    while any(said.endswith(CHANGED) for said in wrong):
        wrong.clear()
        tab.goto("about:blank")
        tab.goto(url)
    tab.locator(ready).first.wait_for()
    yield tab
    context.close()
    ours = [said for said in wrong if not said.endswith(CHANGED)]
    assert [said for said in ours if not (errors and said.startswith(TROUBLE))] == []
    origin = url.partition("#")[0].rstrip("/")
    assert [url for url in asked if not url.startswith((f"{origin}/", "data:", "about:"))] == []
