"""A page opened in a browser, with all that went wrong on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sessionlab.lab.viewer.view import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

Write = Callable[[Page], str]
WATCH = """
    window.longest = 0;
    new PerformanceObserver((list) => {
      const took = list.getEntries().map((task) => task.duration);
      window.longest = Math.max(window.longest, ...took);
    }).observe({ type: "longtask" });
    new MutationObserver((_, watch) => {
      if (!document.querySelector("figure svg")) return;
      window.firstChart = performance.now();
      watch.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first chart is in the page, and the longest time in which it answered nobody."""


@contextmanager
def opened(
    browser: Browser, url: str, *, width: int = 1200, height: int = 900, **looks: object
) -> Iterator[Tab]:
    """The page; what it says on its console, and any request to elsewhere, fails the test."""
    context = browser.new_context(viewport={"width": width, "height": height}, **looks)  # type: ignore[arg-type]
    tab = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))
    tab.add_init_script(WATCH)
    tab.goto(url)
    tab.wait_for_selector("footer")
    yield tab
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
