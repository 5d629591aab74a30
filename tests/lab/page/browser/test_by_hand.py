"""A node killed, credentials looked into and forged, a recording: real, and seen on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.installed import needs
from tests.lab.page.browser.hands import act, card_of, home_of, log_in, send
from tests.lab.page.browser.up import opened

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator
    from playwright.sync_api import Page as Tab

    from tests.lab.page.browser.up import Up

pytestmark = [pytest.mark.browser, needs("chromium"), pytest.mark.timeout(180)]

HOSTILE = "<img src=x onerror=alert(1)>"


def options(*words: str) -> pytest.MarkDecorator:
    """The options of `sessionlab up`."""
    return pytest.mark.parametrize("lab", [words], indirect=True, ids=[" ".join(words)])


def looked_into(tab: Tab, user: str) -> Locator:
    """The dialog that a click on the user's credential opens."""
    log_in(tab, user).locator(".credential").click()
    dialog = tab.get_by_role("dialog", name=f"What {user}'s browser holds")
    dialog.get_by_role("button", name="Send the forgery").wait_for()
    return dialog


def forge(dialog: Locator) -> str:
    """Sends it; the verdict and its reason."""
    with dialog.page.expect_response(lambda answer: answer.url.endswith("/forgery")):
        dialog.get_by_role("button", name="Send the forgery").click()
    dialog.locator(".result .verdict").wait_for()
    return dialog.locator(".result").inner_text()


@options("--affinity", "cookie")
def test_a_node_is_killed_and_its_user_alone_is_logged_out(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        alice, bob = log_in(tab, "alice"), log_in(tab, "bob")
        home = home_of(lab, "alice")
        assert home_of(lab, "bob") != home

        act(tab, home, "Kill")
        tab.locator(f".part.gone[data-part={home}]").wait_for()
        lost, kept = send(tab, alice), send(tab, bob)

        assert (lost["status"], kept["status"]) == (401, 200)
        alice.get_by_text("was logged out").wait_for()
        bob.get_by_text("logged in", exact=True).wait_for()
        tab.locator("h1", has_text=f"1 of 2 users was logged out: {home} was killed").wait_for()
        tab.locator("#history").scroll_into_view_if_needed()
        loss = tab.locator(".losses button", has_text="alice")
        loss.click()
        story = tab.get_by_role("dialog", name="The story of alice").inner_text()
        assert f"{home} was killed" in story


def test_who_logs_out_is_not_shown_as_logged_in_and_nobody_has_lost_anything(
    browser: Browser, lab: Up
) -> None:
    with opened(browser, lab.page) as tab:
        tab.locator("h1", has_text="Nobody has logged in yet.").wait_for()
        alice = log_in(tab, "alice")
        tab.locator("h1", has_text="Nobody lost a login: alice was known").wait_for()
        alice.get_by_text("logged in", exact=True).wait_for()

        alice.get_by_role("button", name="Log out").click()
        alice.get_by_text("holds nothing").wait_for()
        assert alice.get_by_text("logged in").count() == 0
        assert tab.locator("h1").inner_text() == "Nobody lost a login: alice was known"


@options("--strategy", "jwt")
def test_a_jwt_that_was_tampered_with_is_refused_and_the_reason_is_seen(
    browser: Browser, lab: Up
) -> None:
    with opened(browser, lab.page) as tab:
        dialog = looked_into(tab, "alice")
        assert dialog.get_by_text("✓ The signature is right").is_visible()
        assert dialog.get_by_role("row", name="sub alice").is_visible()

        dialog.get_by_role("button", name="Be bob").click()
        assert '"sub": "bob"' in dialog.get_by_role("textbox", name="Claims").input_value()
        refused = forge(dialog)
        assert "answered 401" in refused
        assert "signature" in refused
        assert dialog.locator(".result mark").count() == 1, "what was changed is marked"

        for sign in ("none", "own-key"):
            dialog.get_by_label("Signature").select_option(sign)
            assert "answered 401" in forge(dialog)

        dialog.get_by_label("Signature").select_option("keep")
        dialog.get_by_role("button", name="As it was").click()
        assert "✓ Taken" in forge(dialog)


@options("--strategy", "jwt")
def test_what_is_no_json_is_said_beside_the_field(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        dialog = looked_into(tab, "alice")
        for wrong in ("{", "[]", '"x"', ""):
            dialog.get_by_role("textbox", name="Claims").fill(wrong)
            dialog.get_by_role("button", name="Send the forgery").click()
            assert dialog.get_by_role("alert").filter(has_text="no JSON object").is_visible()
            assert (
                dialog.get_by_role("textbox", name="Claims").get_attribute("aria-invalid") == "true"
            )


def test_a_session_id_is_known_where_it_was_made(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        dialog = looked_into(tab, "alice")
        home = home_of(lab, "alice")

        rows = dialog.get_by_role("table", name="Who knows it").get_by_role("row")
        rows.filter(has_text="✓ knows it: alice").filter(has_text=home).wait_for()
        assert rows.filter(has_text="does not know it").count() == 2
        dialog.get_by_label("What is sent instead").fill("0123456789abcdef")
        assert "answered 401" in forge(dialog)


@options("--strategy", "redis")
def test_what_redis_holds_for_a_session_is_shown(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        dialog = looked_into(tab, "alice")

        stored = dialog.get_by_role("table", name="What Redis holds for it")
        assert "alice" in stored.inner_text()
        assert dialog.get_by_text("Forgotten in ").is_visible()
        rows = dialog.get_by_role("table", name="Who knows it").get_by_role("row")
        assert rows.filter(has_text="✓ knows it: alice").count() == 3


def test_what_was_done_becomes_a_run_and_a_script(
    browser: Browser, lab: Up, tmp_path: Path
) -> None:
    with opened(browser, lab.page) as tab:
        send(tab, log_in(tab, "alice"))
        act(tab, "n1", "Kill")
        tab.get_by_role("button", name="Record what was done here").click()
        dialog = tab.get_by_role("dialog", name="Keep what was done here")
        dialog.get_by_label("Name").fill("by-hand")
        dialog.get_by_role("button", name="Keep it").click()

        dialog.get_by_text("✓ It lies in").wait_for()
        assert "sessionlab report" in dialog.inner_text()
        assert "alice" in dialog.get_by_label("The script").inner_text()
        assert list((tmp_path / "sessionlab-recordings").glob("*by-hand*/run.json"))


def test_what_somebody_typed_is_never_markup(browser: Browser, lab: Up) -> None:
    with opened(browser, lab.page) as tab:
        tab.get_by_text("somebody else").click()
        tab.get_by_label("Name", exact=True).fill(HOSTILE)
        tab.get_by_role("button", name="Open", exact=True).click()
        card = card_of(tab, HOSTILE)
        card.get_by_role("button", name="Log in").click()
        card.locator(".last.refused").wait_for()

        tab.locator(".happenings", has_text="401").wait_for()
        assert tab.locator("main img").count() == 0
