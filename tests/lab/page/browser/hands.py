"""What a person does on the page, in words of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as Tab

    from tests.lab.page.browser.up import Up


def card_of(tab: Tab, user: str) -> Locator:
    """The card of that user's browser on the page."""
    return tab.get_by_role("article", name=user, exact=True)


def log_in(tab: Tab, user: str) -> Locator:
    """Opens a browser for that user, who logs in."""
    tab.get_by_role("button", name=f"Open a browser as {user}").click()
    card = card_of(tab, user)
    card.get_by_role("button", name="Log in").click()
    card.locator(".credential").wait_for()
    card.locator(".last.ok").wait_for()  # what comes moves the buttons away from who clicks
    return card


def send(tab: Tab, card: Locator) -> dict[str, Any]:
    """Has this browser send one request; the answer, once the card shows it."""
    with tab.expect_response(lambda answer: answer.url.endswith("/send")) as sent:
        card.get_by_role("button", name="Who am I?").click()
    answer: dict[str, Any] = sent.value.json()["answers"][0]
    card.locator(f".last.{answer['how']}").wait_for()
    return answer


def home_of(lab: Up, user: str) -> str:
    """The node that answered that user last."""
    tab = next(one for one in lab.ask("GET", "/state")["tabs"] if one["user"] == user)
    return str(tab["at"]["a"]["last"]["node"])


def act(tab: Tab, part: str, name: str) -> None:
    """Clicks on a part of the drawing, and on what is to be done to it."""
    tab.locator(f"[data-do=part][data-of={part}]").click()
    tab.get_by_role("dialog", name=part).get_by_role("button", name=name, exact=True).click()
