"""The connection is lost and comes back; a reload, an old token, no token, another server."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from sessionlab.lab.page.model.visitors import Sent
from tests.installed import needs
from tests.lab.page.browser.broken_line import line_to
from tests.lab.page.browser.examples import request, state
from tests.lab.page.browser.hands import act, card_of, log_in, send
from tests.lab.page.browser.pretend import Pretended
from tests.lab.page.browser.up import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.lab.page.browser.up import Up

pytestmark = [pytest.mark.browser, needs("chromium"), pytest.mark.timeout(180)]

LOST = "The connection to sessionlab is lost"
STRANGER = "Open the address that “sessionlab up” printed"


def test_a_lost_connection_is_said_and_what_happened_meanwhile_is_there_afterwards(
    browser: Browser, lab: Up
) -> None:
    with line_to(lab.page) as line, opened(browser, line.url, errors=True) as tab:
        alice = log_in(tab, "alice")
        line.cut()
        tab.get_by_text(LOST).wait_for()
        alice.get_by_role("button", name="Who am I?").click()
        tab.get_by_text("sessionlab cannot be reached").first.wait_for()

        lab.act("kill", "n2")
        line.mend()

        tab.get_by_text(LOST).wait_for(state="detached")
        tab.locator(".part.gone[data-part=n2]").wait_for()
        send(tab, alice)


def test_a_tab_that_slept_for_an_hour_shows_what_is_now_and_says_that_it_missed_something(
    browser: Browser, lab: Up
) -> None:
    with line_to(lab.page) as line, opened(browser, line.url, errors=True) as tab:
        log_in(tab, "alice")
        tab.clock.install()
        line.cut()
        lab.act("kill", "n2")
        line.mend()
        tab.clock.fast_forward("01:00:00")
        tab.clock.resume()

        tab.locator(".part.gone[data-part=n2]").wait_for()
        tab.locator(".happenings", has_text="The connection was lost before this.").wait_for()
        assert not tab.get_by_text(LOST).is_visible()


def test_a_reload_changes_nothing(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        before = log_in(tab, "alice").locator(".credential").inner_text()
        assert "token" not in tab.url
        tab.reload()

        tab.locator(".credential").wait_for()
        assert tab.locator(".credential").inner_text() == before


@pytest.mark.parametrize("fragment", ["", "#token=of-an-earlier-run"])
def test_without_its_token_it_says_where_to_get_it(
    browser: Browser, lab: Up, fragment: str
) -> None:
    with opened(browser, f"{lab.origin}/{fragment}", errors=True, ready="h1") as tab:
        tab.get_by_text(STRANGER).wait_for()
        tab.goto(lab.page)
        tab.locator(".tour .go").wait_for()


def test_two_who_look_see_what_either_does_and_what_happens_by_itself(
    browser: Browser, lab: Up
) -> None:
    with opened(browser, lab.page) as one, opened(browser, lab.page) as other:
        log_in(one, "alice")
        send(other, card_of(other, "alice"))
        act(other, "n1", "Freeze")
        one.locator(".part.frozen[data-part=n1]").wait_for()

        node = next(part for part in lab.cluster()["parts"] if part["name"] == "n2")
        os.kill(node["pid"], signal.SIGKILL)
        for tab in (one, other):
            tab.locator(".part.gone[data-part=n2]").wait_for()
            tab.locator(".happenings", has_text="n2 ended by itself").wait_for()


def test_the_end_of_the_lab_is_a_lost_connection(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page, errors=True) as tab:
        log_in(tab, "alice")
        lab.process.kill()
        tab.get_by_text(LOST).wait_for()


def test_another_run_with_the_same_token_begins_the_page_anew(browser: Browser) -> None:
    with (
        Pretended(state(), lambda *_: Sent([], {})) as server,
        opened(browser, server.url, ready=".part.node", errors=True) as tab,
    ):
        server.tell("request", request("n2"))
        tab.locator(".rows button").wait_for()
        server.state = replace(server.state, run="another", at=0.1)
        with tab.expect_navigation():
            server.hang_up()

        tab.locator(".part.node").first.wait_for()
        assert tab.locator(".rows button").count() == 0
        assert not tab.get_by_text(LOST).is_visible()
