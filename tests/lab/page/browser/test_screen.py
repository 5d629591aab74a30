"""What the screen makes of what the server says: rare states, refusals, a flood."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sessionlab.lab.page.model.doing import Problem
from sessionlab.lab.page.model.state import Unable
from sessionlab.lab.page.model.visitors import Rate, Sent
from tests.installed import needs
from tests.lab.page.browser.examples import request, state
from tests.lab.page.browser.pretend import Pretended, with_answer, with_parts
from tests.lab.page.browser.up import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from sessionlab.lab.page.model.state import State

pytestmark = [pytest.mark.browser, needs("chromium")]

TRACED = ["devtools.timeline", "toplevel"]
NOTED = """() => {
    window.animated = [];
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (...all) {
      window.animated.push(this.dataset.part ?? null);
      return animate.apply(this, all);
    };
}"""


@pytest.fixture
def server(refusal: Problem | None) -> Iterator[Pretended]:
    """It refuses whatever it is asked for, or else answers the state."""

    def answer(_: str, __: str, body: dict[str, Any]) -> object:
        return refusal or (Sent([], {}) if "what" in body else pretended.state)

    with Pretended(state(), answer) as pretended:
        yield pretended


@pytest.fixture
def refusal() -> Problem | None:
    return None


def shown(browser: Browser, server: Pretended, **looks: Any) -> Any:
    return opened(browser, server.url, ready=".part.node", errors=True, **looks)


def test_a_request_travels_and_its_row_tells_its_way(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        server.tell("request", request("n2", "refused", 401))
        tab.locator(".mark.refused .going", has_text="GET /me").wait_for()
        tab.locator(".mark").wait_for(state="detached")

        row = tab.locator(".rows button")
        assert row.inner_text().split("\n")[1:4] == ["alice", "GET /me", "→ n2"]
        row.click()
        hops = tab.locator(".hops").inner_text()
        assert "3.1 ms\nfor the client" in hops
        assert "0.6 ms\nof it, finding out who asks" in hops
        server.tell("request", request("n1", at=3.0))
        tab.get_by_role("button", name="Show 1 newer").wait_for()


def test_a_request_is_its_browsers_users_where_its_answer_names_nobody(
    browser: Browser, server: Pretended
) -> None:
    with shown(browser, server) as tab:
        server.tell("request", replace(request("n2", "refused", 401), user=""))
        server.tell("request", replace(request("n2", "refused", 401), user="", tab=""))
        tab.locator(".rows .who").nth(1).wait_for()

        assert tab.locator(".rows .who").all_inner_texts() == ["somebody", "alice"]


def test_a_card_that_grows_under_a_pressed_button_takes_no_click_away(
    browser: Browser, server: Pretended
) -> None:
    with shown(browser, server) as tab:
        card = tab.get_by_role("article", name="alice")
        button = card.get_by_role("button", name="Who am I?")

        def middle() -> tuple[float, float]:
            box = button.bounding_box()
            assert box
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        def press() -> None:
            tab.mouse.move(*middle())
            tab.mouse.down()

        press()
        before = middle()
        server.tell("state", with_answer(server.state, "n2 knows alice. " * 30))
        card.locator(".last").wait_for()
        assert middle()[1] > before[1] + 50, "the button is elsewhere now"
        with tab.expect_request("**/tabs/t1/send"):
            tab.mouse.up()

        press()
        tab.mouse.move(5, 5)
        tab.mouse.up()
        for key in ("Enter", "Space"):
            with tab.expect_response("**/tabs/t1/send"):
                button.press(key)
        assert len(server.asked) == 3, "who lets go elsewhere has thought better of it"


def test_over_an_app_of_ones_own_the_tour_is_taken_only_on_purpose(
    browser: Browser, server: Pretended
) -> None:
    server.state = with_parts(server.state, app="Shop")
    with shown(browser, server) as tab:
        assert not tab.locator(".tour .go").is_visible()
        tab.get_by_role("button", name="Take the tour").click()
        tab.locator(".tour .go").wait_for()


def test_who_wants_no_motion_sees_none(browser: Browser, server: Pretended) -> None:
    with shown(browser, server, reduced_motion="reduce") as tab:
        tab.evaluate(NOTED)
        server.tell("request", request("n2"))
        tab.locator(".rows li").wait_for()

        assert tab.evaluate("window.animated") == ["n2", None], "two boxes light up, nothing moves"


@pytest.mark.parametrize("refusal", [Problem("no", 422, "at most 200 users", field="users")])
def test_what_is_wrong_with_a_field_is_said_beside_it(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        tab.get_by_text("A crowd", exact=True).click()
        tab.get_by_label("Users").fill("201")
        tab.get_by_role("button", name="Send them in").click()

        tab.get_by_role("alert").filter(has_text="At most 200 users.").wait_for()
        said = tab.get_by_label("Users").evaluate(
            "(input) => document.getElementById(input.getAttribute('aria-describedby')).innerText"
        )
        assert said == "At most 200 users."


@pytest.mark.parametrize("refusal", [Problem("no", 409, "no port is free", "end what has it")])
def test_a_cluster_that_cannot_be_started_is_said(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        tab.get_by_role("button", name="JWT").click()
        tab.get_by_text("No port is free. End what has it.").wait_for()
        assert server.asked[-1][2]["strategy"] == "jwt"

        server.tell("state", with_parts(state(), condition="failed", why="n1 ended at once"))
        tab.get_by_role("alert").filter(
            has_text="could not be started. n1 ended at once"
        ).wait_for()
        tab.get_by_role("button", name="Start it again").click()


def test_what_cannot_be_done_here_is_grey_and_says_why(browser: Browser, server: Pretended) -> None:
    why = "There is no engine here."
    with shown(browser, server) as tab:
        server.tell("state", replace(state(), unable=Unable(why, why, why, why)))
        for name in ("Redis", "Compare with a second cluster", "Record"):
            grey = f"button[aria-disabled=true][title='{why}']"
            tab.locator(grey, has_text=name).first.click(force=True)
        assert server.asked == []


def test_a_server_of_another_version_is_said(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        server.tell("state", replace(state(), schema=2))
        tab.get_by_text("This page and its server are of different versions").wait_for()


def test_a_connection_that_is_cut_is_taken_up_again(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        server.hang_up()
        server.state = with_parts(state(), sentence="n1 was killed meanwhile.")
        tab.get_by_role("heading", name="n1 was killed meanwhile.").wait_for()
        tab.locator(".link-state.here").wait_for()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_fifty_nodes_and_five_hundred_requests_a_second_freeze_nothing(browser: Browser) -> None:
    with (
        Pretended(state(50), lambda *_: None) as server,
        opened(browser, server.url, ready=".part.node") as tab,
    ):
        browser.start_tracing(page=tab, categories=TRACED)
        _flood(server, state(50))
        tab.get_by_text("of the last 500 requests, 50 are shown").wait_for()
        longest = _longest(json.loads(browser.stop_tracing()))

        assert tab.locator(".rows li").count() <= 40
        assert longest < 0.1, "seconds of CPU of the longest task: what it waits for is not its own"


def _flood(server: Pretended, state: State) -> None:
    """As the server samples 500 requests a second: 50 of them, three states, how many."""
    for second in range(4):
        for part in range(50):
            server.tell("request", request(f"n{part + 1}", "ok" if part % 5 else "refused"))
            if part % 17 == 0:
                parts = [
                    replace(one, requests=second * 10 + part) for one in state.clusters[0].parts
                ]
                server.tell("state", with_parts(state, parts=parts))
            time.sleep(0.015)
        server.tell("rate", Rate("a", second, 500, 50, {"ok": 400, "refused": 100}, {}))


def _longest(trace: dict[str, Any]) -> float:
    """Of the page's main thread, seconds."""
    events = trace["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event["tdur"]
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in main
        and "tdur" in event
    ]  # fmt: skip
    return float(max(tasks)) / 1e6


def test_a_click_is_seen_at_once(browser: Browser, server: Pretended) -> None:
    with shown(browser, server) as tab:
        presets = [f"[data-do=preset][data-of='{index}']" for index in (1, 2, 3)]
        assert _until_seen(tab, presets, ".condition-of") < 100
        assert _until_seen(tab, ["article [data-do=me]"] * 3, "article") < 100
        parts = [f"[data-do=part][data-of=n{index}]" for index in (1, 2, 3)]
        assert _until_seen(tab, parts, ".popover") < 100


def _until_seen(tab: Tab, buttons: list[str], where: str) -> float:
    """Milliseconds from a click until something has changed there: the least of all."""
    script = """([button, where]) => new Promise((seen) => {
        const began = performance.now(), place = document.querySelector(where);
        new MutationObserver(() => seen(performance.now() - began)).observe(place,
            { childList: true, subtree: true, attributes: true, characterData: true });
        document.querySelector(button).click();
    })"""
    took: list[float] = []
    for button in buttons:  # the machine does other things too
        took.append(tab.evaluate(script, [button, where]))
        tab.wait_for_timeout(200)
    return min(took)
