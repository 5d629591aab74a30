"""The tour of eight steps, as who comes for the first time takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.installed import needs
from tests.lab.page.browser.up import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from tests.lab.page.browser.up import Up

pytestmark = [pytest.mark.browser, needs("chromium"), pytest.mark.timeout(240)]

BREATH = 800  # ms: in 500 a second click is taken for one too many
SEEN = """(before) => document.querySelector("#tour").getAttribute("aria-busy") === "false"
    && document.querySelector(".saw [role=status]").innerText !== before"""


def click(tab: Tab) -> str:
    """The step's one click; what it says once all is seen."""
    before = said(tab)
    tab.locator(".tour button.go").click()
    tab.wait_for_function(SEEN, arg=before)
    tab.wait_for_timeout(BREATH)
    return said(tab)


def said(tab: Tab) -> str:
    return tab.locator(".saw [role=status]").inner_text()


def lines(tab: Tab) -> list[str]:
    return tab.locator(".saw .lines li").all_inner_texts()


def test_eight_clicks_lead_to_its_end_and_say_what_was_seen(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        assert re.match(r"n\d checked alice's password and began a session", click(tab))

        refused = re.match(r"alice showed her number to (n\d), which answered 401", click(tab))
        assert refused
        assert lines(tab)[-1].startswith(f"✕ alice: GET /me → {refused[1]} 401")

        assert re.search(r"n\d has the note that goes with it; n\d and n\d do not", click(tab))

        tied = re.search(r"alice's went to (n\d), bob's to (n\d)", click(tab))
        assert tied
        assert lab.cluster()["affinity"] == "cookie"
        tab.locator(".says", has_text="the node that it is tied to: they are sticky.").wait_for()

        killed = click(tab)
        assert killed.startswith(f"{tied[1]} is gone")
        assert "is logged out (401). bob, whose node lives, is still logged in." in killed
        part = next(one for one in lab.cluster()["parts"] if one["name"] == tied[1])
        assert part["state"] == "ended"

        shared = click(tab)
        assert re.search(r"(n\d) was killed, and at .*she is still logged in", shared)
        assert lab.cluster()["strategy"] == "redis"

        assert click(tab).startswith("Nobody can be told who they are")

        signed = click(tab)
        assert re.search(r"Changed so that it says bob, it was refused by n\d with 401. \S", signed)
        assert lab.cluster()["strategy"] == "jwt"

        assert tab.locator(".tour .dots .seen").count() == 8
        assert tab.get_by_role("heading", name="That was all").is_visible()


def test_what_it_talks_about_is_on_the_screen_with_it(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page, width=1280) as tab:
        for _ in range(5):
            click(tab)
            box = tab.locator("[data-part=balancer]").bounding_box()
            assert box
            assert box["y"] + box["height"] < 900


def test_it_says_if_something_else_was_seen(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        home = re.match(r"n\d", click(tab))
        assert home
        for node in {"n1", "n2", "n3"} - {home[0]}:
            lab.act("drain", node)

        assert click(tab).startswith(f"{home[0]} knew her, every time.")
        assert tab.locator(".tour .dots .otherwise").inner_text() == "2"


def test_it_goes_on_where_it_was_left(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        click(tab)
        before = click(tab)
        tab.reload()
        tab.locator(".tour .go").wait_for()

        assert tab.locator(".tour .kind").inner_text() == "Step 3 of 8"
        assert said(tab) == before
        tab.get_by_role("button", name="Leave the tour").click()
        assert not tab.locator(".tour .go").is_visible()
        tab.get_by_role("button", name="Take the tour").click()
        assert tab.evaluate("document.activeElement.matches('.tour .go')")
        assert "has the note that goes with it" in click(tab)


def test_a_step_makes_the_cluster_that_it_needs(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        click(tab)
        lab.ask("PUT", "/clusters/a", {"strategy": "jwt", "nodes": 2})

        assert "which answered 401" in click(tab)
        assert lines(tab)[0].startswith("· a new cluster: 3 nodes, sessions: memory")


def test_a_step_that_fails_says_why_and_can_be_skipped(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page, errors=True) as tab:
        title = '{"title": "no", "status": 409, "detail": "no room", "hint": "Close one."}'
        refuse = {"status": 409, "body": title, "content_type": "application/problem+json"}
        tab.route("**/api/1/tabs", lambda route: route.fulfill(**refuse))

        assert click(tab) == "That could not be done: No room. Close one."
        tab.get_by_role("button", name="Skip this step").click()
        assert tab.locator(".tour .kind").inner_text() == "Step 2 of 8"
