"""Stories played in the browser: by hand, by keyboard, to their end, and one that is broken."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from playwright.sync_api import expect

from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.page.model.state import State
from sessionlab.lab.page.model.stories import NewTelling, Telling
from sessionlab.lab.page.stories.tellings import Tellings
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import SETTINGS
from tests.installed import needs
from tests.lab.chromium import violations
from tests.lab.page.browser.pretend import Pretended
from tests.lab.page.browser.up import opened, up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from tests.lab.page.browser.up import Up

pytestmark = [pytest.mark.browser, needs("chromium")]

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
"""With these looks nothing plays before somebody says so."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One for all tests here: stories have clusters of their own."""
    with up(tmp_path_factory.mktemp("up")) as lab:
        yield lab


def told(tab: Tab, seconds: float = 30) -> None:
    """Waits until the story has run to its end."""
    ran = "This ran for real just now"
    expect(tab.locator(".real")).to_contain_text(ran, timeout=1000 * seconds)


def story(lab: Up, name: str) -> str:
    return f"{lab.page}&/story/{name}"


def at(tab: Tab) -> int:
    """The step that is shown, from 1 on."""
    found = re.match(r"Step (\d+) of", tab.locator(".scene .at").inner_text())
    return int(found[1]) if found else 0


def press(tab: Tab, name: str) -> None:
    tab.get_by_role("group", name="Player").get_by_role("button", name=name, exact=True).click()


def marks(tab: Tab) -> list[str]:
    return tab.locator(".claims .glyph").all_inner_texts()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_story_is_played_to_its_end_and_its_claims_come_true(
    browser: Browser, lab: Up
) -> None:
    with opened(browser, f"{lab.page}&/stories", ready=".stories a", **STILL) as tab:
        for name, one in installed().items():
            tab.evaluate("(hash) => { location.hash = hash; }", f"#/story/{name}")
            tab.get_by_role("heading", level=1, name=one.title, exact=True).wait_for()
            told(tab, 100)  # a slow one, on a busy machine
            before = marks(tab)
            tab.locator(".steps button").last.click()
            ended = tab.locator(".words").inner_text()
            assert set(before) == {"○"}, f"{name}: nothing is seen before it is shown; {ended}"
            count = len(marks(tab))
            said = "Its claim came true." if count == 1 else f"All {count} claims came true."
            assert said in ended, name
            assert set(marks(tab)) == {"✓"}, name
            assert tab.locator(".drawing .node").count() >= 1


@pytest.mark.timeout(120)
def test_claims_come_true_one_by_one_while_it_plays(browser: Browser, lab: Up) -> None:
    with opened(browser, story(lab, "sticky-node-dies"), ready=".controls") as tab:
        told(tab)
        tab.get_by_label("Speed").select_option("four times")
        assert marks(tab) == ["○", "○", "○"]
        assert "Pause" in tab.locator(".controls .go").inner_text(), "it plays by itself"

        tab.locator(".words", has_text="is killed").wait_for()
        tab.locator(".drawing .part.gone").wait_for()
        tab.locator(".came", has_text="GET /me 401 ×").wait_for()
        tab.locator(".claims .came-true").nth(0).wait_for()
        assert tab.locator(".claims .pending").count() > 0
        tab.locator(".ending", has_text="All 3 claims came true.").wait_for(timeout=60_000)
        assert marks(tab) == ["✓", "✓", "✓"]
        assert tab.locator(".controls .go").inner_text() == "Play"


def test_it_is_stepped_back_and_forth_by_buttons(browser: Browser, lab: Up) -> None:
    with opened(browser, story(lab, "memory-round-robin"), ready=".controls", **STILL) as tab:
        told(tab)
        assert at(tab) == 0, "who wants no movement is asked first"

        press(tab, "Step")
        assert at(tab) == 1
        assert "A cluster is started: 3 nodes" in tab.locator(".words").inner_text()
        press(tab, "Step")
        assert tab.locator(".words").inner_text() == "alice logs in"
        expect(tab.locator(".came")).to_have_text("POST /login 200 ")
        press(tab, "Step")
        press(tab, "Step")
        assert marks(tab) == ["✓", "○", "○"]
        assert "As expected: n" in tab.locator(".words").inner_text()

        press(tab, "Back")
        assert (at(tab), marks(tab)) == (3, ["○", "○", "○"])
        assert "GET /me 401 ×8" in tab.locator(".came").inner_text()

        tab.locator(".steps button").nth(5).click()
        assert (at(tab), marks(tab)) == (6, ["✓", "✓", "✓"])
        press(tab, "From the beginning")
        expect(tab.locator(".scene .at")).to_have_text("Step 1 of 7")
        assert marks(tab) == ["○", "○", "○"]


def test_it_is_played_by_keyboard_alone(browser: Browser, lab: Up) -> None:
    with opened(browser, story(lab, "memory-round-robin"), ready=".controls", **STILL) as tab:
        told(tab)
        play = tab.locator(".controls .go")
        tab.keyboard.press(" ")
        expect(play).to_have_text("Pause")
        expect(tab.locator(".scene .at")).to_have_text("Step 2 of 7")
        tab.keyboard.press(" ")
        expect(play).to_have_text("Play")
        shown = at(tab)
        tab.keyboard.press("ArrowRight")
        assert at(tab) == shown + 1
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("ArrowLeft")
        assert at(tab) == shown - 1
        tab.keyboard.press("Home")
        assert (at(tab), play.inner_text()) == (1, "Pause")

        play.focus()
        tab.keyboard.press(" ")
        expect(play).to_have_text("Play")
        tab.get_by_label("Speed").focus()
        shown = at(tab)
        tab.keyboard.press("ArrowRight")
        assert at(tab) == shown, "in a field keys are the field's"


def test_the_line_of_the_script_is_shown_that_does_it(browser: Browser, lab: Up) -> None:
    with opened(browser, story(lab, "sticky-node-dies"), ready=".controls", **STILL) as tab:
        told(tab)
        tab.get_by_text("The script that did this").click()
        tab.locator(".steps button", has_text="is killed").click()
        assert tab.locator("pre .now").inner_text().strip() == "await cluster.kill(victim)"


def test_it_is_run_anew_with_another_seed(browser: Browser, lab: Up) -> None:
    with opened(browser, story(lab, "memory-round-robin"), ready=".controls", **STILL) as tab:
        told(tab)
        assert "(seed 1)" in tab.locator(".real").inner_text()
        press(tab, "Run it anew")
        expect(tab.locator(".real")).to_contain_text(re.compile(r"\(seed (?!1\))\d+\)"))
        press(tab, "Step")
        assert at(tab) == 1


def test_the_list_leads_to_each_and_each_to_the_next(browser: Browser, lab: Up) -> None:
    with opened(browser, f"{lab.page}&/stories", ready=".stories a", **STILL) as tab:
        names = [story.title for story in installed().values()]
        assert tab.locator(".stories h2 a").all_inner_texts() == names
        tab.locator(".stories a", has_text="HTTP is stateless").click()
        tab.get_by_role("heading", level=1, name="HTTP is stateless").wait_for()
        told(tab)
        tab.get_by_role("link", name="Next: A session id is a reference").click()
        tab.get_by_role("heading", level=1, name="A session id is a reference").wait_for()
        told(tab)
        assert tab.url.endswith("#/story/reference-and-value")


def test_a_story_that_is_not_there_is_said(browser: Browser, lab: Up) -> None:
    url = story(lab, "nobody-wrote-it")
    with opened(browser, url, ready=".bad[role=alert]", errors=True) as tab:
        said = tab.locator(".bad[role=alert]").inner_text()
        assert "no story named 'nobody-wrote-it'" in said


def test_one_more_than_are_told_at_once_is_refused_and_why_is_said(
    browser: Browser, tmp_path: Path
) -> None:
    with up(tmp_path) as busy:
        for seed in (1, 2):
            busy.ask("POST", "/tellings", {"story": "rolling-deploy", "seed": seed})
        url = story(busy, "sticky")
        with opened(browser, url, ready=".bad[role=alert]", errors=True) as tab:
            said = tab.locator(".bad[role=alert]").inner_text()
            assert "rolling-deploy are being told already" in said
            assert "Wait until one has ended" in said


@needs("npm")
def test_axe_finds_nothing_in_the_middle_of_a_story_nor_at_its_end(
    browser: Browser, lab: Up, npm: Path
) -> None:
    looks = {**STILL, "bypass_csp": True}
    with opened(browser, story(lab, "redis-down"), ready=".controls", width=360, **looks) as tab:
        told(tab)
        tab.evaluate((npm / "axe-core/axe.min.js").read_text())
        tab.get_by_text("The script that did this").click()
        for number in (5, -1):
            tab.locator(".steps button").nth(number).click()
            tab.mouse.move(0, 0)
            assert violations(tab) == []
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def sabotaged(name: str) -> Telling:
    """That story on real clusters whose balancers tie nobody, whatever was asked for."""
    untied = replace(SETTINGS, sabotage=lambda described: replace(described, affinity="none"))
    fabric = LocalFabric()
    await fabric.open()
    tellings = Tellings(fabric, untied, lambda *_: None)
    try:
        telling = tellings.begin(NewTelling(name))
        while telling.ending == "telling":
            await asyncio.sleep(0.05)
            telling = tellings.telling(telling.id) or telling
    finally:
        await tellings.close()
        await fabric.close()
    return telling


def test_a_claim_that_does_not_come_true_is_shown_as_it_was_seen(browser: Browser, lab: Up) -> None:
    with ThreadPoolExecutor() as thread:  # this one has the browser's own loop
        telling = thread.submit(asyncio.run, sabotaged("sticky-node-dies")).result()
    hostile = "<img src=x onerror=alert(1)>`<b>code</b>`"
    items = [*telling.items]
    items[1] = msgspec.structs.replace(items[1], text=hostile, user=hostile)
    telling = msgspec.structs.replace(telling, items=items, title=hostile, reason=hostile)
    state = msgspec.convert(lab.ask("GET", "/state"), State)

    def answer(method: str, path: str, body: dict[str, Any]) -> object:
        return [] if path == "/stories" else telling

    with (
        Pretended(state, answer) as server,
        opened(browser, f"{server.url}&/story/sticky-node-dies", ready=".steps li", **STILL) as tab,
    ):
        tab.locator(".steps button").last.click()
        wrong = sum(item.kind == "claim" and not item.holds for item in items)
        assert wrong > 0
        assert f"{wrong} of 3 claims did not come true." in tab.locator(".words").inner_text()
        assert marks(tab).count("✕") == wrong
        broken = tab.locator(".claims .failed").first.inner_text()
        assert "Expected: user-" in broken
        assert "Seen: user-" in broken
        assert tab.locator("h1").inner_text() == hostile
        assert tab.locator("main img, main b").count() == 0
