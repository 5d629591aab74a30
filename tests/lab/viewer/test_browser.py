"""What a person sees and does on a page, in the distribution's Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.viewer.view import Finding, to_json
from tests.installed import needs
from tests.lab.chromium import violations
from tests.lab.viewer import examples
from tests.lab.viewer.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from sessionlab.lab.viewer.view import Page
    from tests.lab.viewer.opening import Write

pytestmark = [pytest.mark.browser, needs("chromium")]

PAGES: dict[str, Callable[[], Page]] = {
    "one story": lambda: examples.page(examples.killed()),
    "three requests": lambda: examples.page(examples.small()),
    "as big as it gets": lambda: examples.page(examples.big()),
    "several stories": lambda: examples.page(examples.small(), examples.killed()),
    "two runs": examples.two_runs,
    "nothing": lambda: examples.page(examples.nothing()),
    "hostile names": lambda: examples.page(examples.hostile()),
}
every_page = pytest.mark.parametrize("page", [make() for make in PAGES.values()], ids=PAGES)


def named(tab: Tab, label: str) -> str:
    """What the chart of this name says to who does not see it."""
    return tab.locator(f'svg[aria-label^="{label}"]').get_attribute("aria-label") or ""


def test_the_sentence_comes_first_and_figures_are_those_of_the_run(
    browser: Browser, write: Write
) -> None:
    view = examples.killed()
    with opened(browser, write(examples.page(view))) as tab:
        assert tab.locator("h1").inner_text() == view.sentence
        assert tab.title() == view.sentence
        assert tab.locator(".fate.kept b").inner_text() == "134"
        assert tab.locator(".fate.logged-out b").inner_text() == "66"
        assert f"{sum(view.bins.ok):,} done" in named(tab, "Requests over time")
        assert tab.locator(".happened li").first.inner_text() == "A n3 killed 4 s to 5 s"

        tab.get_by_text("Show as a table: Requests over time").click()
        tab.locator("figure table tbody td").first.wait_for()  # it is made when it is opened
        cells = tab.locator("figure table tbody td").all_inner_texts()
        counts = [sum(map(int, cells[outcome::4])) for outcome in range(4)]
        bins = view.bins
        assert counts == [sum(each) for each in (bins.ok, bins.refused, bins.failed, bins.unknown)]


def test_a_click_on_a_loss_tells_its_story(browser: Browser, write: Write) -> None:
    with opened(browser, write(examples.page(examples.killed()))) as tab:
        tab.locator(".losses button").first.click()

        story = tab.get_by_role("dialog", name="The story of u0")
        assert "logged out at 4.0 s" in story.inner_text()
        assert (
            "its session was in the memory of n3, which was killed at 4.0 s" in story.inner_text()
        )
        marked = story.locator("li.marks").inner_text()
        assert "n1 answered 401 after 2.4 ms, taken for nobody" in marked
        assert "the pin's node was out of service, and the balancer made a new one (DI)" in marked
        assert "the node says: session-unknown" in marked
        parts = story.locator(".parts title").all_text_contents()
        assert parts == ["client", "balancer", "n3", "n1", "store"]


def test_a_loss_is_not_before_its_cause_which_is_told_to_a_tenth(
    browser: Browser, write: Write
) -> None:
    view = examples.killed()
    early = [replace(loss, at=3.97) for loss in view.losses.shown]
    view = replace(view, losses=replace(view.losses, shown=early))
    with opened(browser, write(examples.page(view))) as tab:
        assert "logged out at 4.0 s" in tab.locator(".losses button").first.inner_text()


def test_what_was_refused_as_it_was_to_be_and_what_ties_users_to_nodes_is_said(
    browser: Browser, write: Write
) -> None:
    view = examples.killed()
    refused = float(sum(view.bins.refused))
    after = Finding("revocation", Verdict.HOLDS, "", {"refused_after_logout": refused}, [])
    view = replace(view, findings=[after], cluster=replace(view.cluster, affinity="none"))
    with opened(browser, write(examples.page(view))) as tab:
        said = "All of the refused were asked after a logout"
        assert said in named(tab, "Requests over time")
        assert "no affinity" in tab.locator(".box.balancer").inner_text()


def test_a_nodes_share_is_the_same_in_the_drawing_and_in_the_chart(
    browser: Browser, write: Write
) -> None:
    view = examples.killed()
    counts = {**view.bins.nodes, "": [10 * count for count in view.bins.nodes["n1"]]}
    nodes = [replace(one, requests=sum(counts[one.name])) for one in view.cluster.nodes]
    cluster = replace(view.cluster, nodes=nodes)
    view = replace(view, bins=replace(view.bins, nodes=counts), cluster=cluster)
    with opened(browser, write(examples.page(view))) as tab:
        drawn = re.search(r"\(([\d.]+) %\)", tab.locator(".nodes .box").first.inner_text())
        assert drawn
        assert f"n1 {sum(counts['n1']):,} ({drawn[1]} %)" in named(tab, "Requests of each node")


def test_the_names_of_lines_at_the_top_are_whole(browser: Browser, write: Write) -> None:
    view = examples.killed()
    flat: list[float | None] = [10.0] * view.bins.count
    view = replace(view, bounds=[], bins=replace(view.bins, p50=flat, p90=flat, p99=flat))
    with opened(browser, write(examples.page(view))) as tab:
        tops = tab.locator('svg[aria-label^="Latency over"] .names text').evaluate_all(
            "(all) => all.map((one) => one.getBBox().y)"
        )
        assert len(tops) == 3
        assert min(tops) >= 0


def test_a_long_name_leaves_room_for_the_others(browser: Browser, write: Write) -> None:
    view = examples.killed()
    long = [replace(loss, user="x" * 5000) for loss in view.losses.shown[:2]]
    view = replace(view, losses=replace(view.losses, shown=long))
    with opened(browser, write(examples.page(view)), width=360) as tab:
        assert tab.locator(".losses button").first.evaluate("(one) => one.clientHeight") < 250


def test_a_click_on_a_lane_tells_it_too(browser: Browser, write: Write) -> None:
    with opened(browser, write(examples.page(examples.killed()))) as tab:
        lost = tab.locator(".lanes .loss").nth(2)
        lost.evaluate("(mark) => mark.scrollIntoView({ block: 'center' })")
        box = lost.bounding_box()
        assert box
        tab.mouse.click(box["x"] + 3, box["y"] + 3)

        assert tab.get_by_role("dialog", name="The story of u2").is_visible()


def test_all_is_done_by_keyboard(browser: Browser, write: Write) -> None:
    with opened(browser, write(examples.page(examples.killed()))) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "To what happened"
        tab.keyboard.press("Enter")
        for _ in range(20):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.closest('.losses') !== null"):
                break
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        story = tab.get_by_role("dialog", name="The story of u1")
        assert story.is_visible()
        tab.keyboard.press("Escape")
        assert not story.is_visible()
        assert "u1" in tab.evaluate("document.activeElement.textContent")


@pytest.mark.timeout(180)
@needs("npm")
@pytest.mark.parametrize("name", [name for name in PAGES if name != "as big as it gets"])
def test_axe_finds_nothing(browser: Browser, write: Write, npm: Path, name: str) -> None:
    axe = (npm / "axe-core/axe.min.js").read_text()
    with opened(browser, write(PAGES[name]()), bypass_csp=True) as tab:
        tab.evaluate(axe)
        for summary in tab.locator("summary").all()[:2]:
            summary.click()
        assert violations(tab) == []
        loss = tab.locator(".losses button")
        if loss.count() > 0:
            loss.first.click()
            tab.wait_for_timeout(300)  # until it has appeared
            assert violations(tab) == []


@every_page
def test_a_telephone_shows_it_without_scrolling_sideways(
    browser: Browser, write: Write, page: Page
) -> None:
    with opened(browser, write(page), width=360, height=640) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        if tab.locator(".losses button").count() > 0:
            tab.locator(".losses button").first.click()
            assert tab.evaluate("document.documentElement.scrollWidth") <= 360
            assert tab.evaluate("document.querySelector('dialog').scrollWidth") <= 360


def test_a_user_called_script_is_a_name(browser: Browser, write: Write) -> None:
    with opened(browser, write(examples.page(examples.hostile()))) as tab:
        tab.locator(".losses button").first.click()

        assert tab.get_by_role("dialog").locator("h2").inner_text() == (
            f"The story of {examples.HOSTILE} (tab 2)"
        )
        assert tab.locator("main script, main img").count() == 0


def test_what_is_shown_again_keeps_dialog_focus_tables_and_place(
    browser: Browser, write: Write
) -> None:
    shown = examples.page(examples.killed())
    later = to_json(examples.page(examples.killed(seconds=16.0))).decode()
    with opened(browser, write(shown), bypass_csp=True) as tab:
        again = "async (page) => (await import('viewer/report.js')).report.show(JSON.parse(page))"
        tab.get_by_text("Show as a table: Latency over time").click()
        load = tab.locator("h2", has_text="Load")
        load.scroll_into_view_if_needed()
        tab.get_by_text("Show as a table: Requests of each node").focus()
        before = load.bounding_box()

        tab.evaluate(again, later)

        assert "8.0 s" in tab.locator("h1").inner_text()
        assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert tab.locator("details[open] table").count() == 1
        after = load.bounding_box()
        assert before
        assert after
        assert abs(before["y"] - after["y"]) < 3

        tab.locator(".losses button").nth(1).click()
        story = tab.get_by_role("dialog")
        told = story.inner_text()
        tab.evaluate(again, to_json(shown).decode())
        assert story.inner_text() == told
        tab.keyboard.press("Escape")
        story.wait_for(state="hidden")
        assert "u1" in tab.evaluate("document.activeElement.textContent")


MOUNTED = """async (data) => {
  const { viewer } = await import("viewer/viewer.js");
  const page = JSON.parse(data), roots = ["a", "b"].map(() => document.createElement("section"));
  document.body.replaceChildren(...roots);
  window.viewers = roots.map((root, index) => viewer(root, { within: "ab"[index] }));
  for (const each of window.viewers) each.show(page);
}"""


def test_a_part_of_a_page_can_be_a_viewer_and_so_can_another(
    browser: Browser, write: Write
) -> None:
    data = to_json(examples.page(examples.killed())).decode()
    with opened(browser, write(examples.page(examples.small())), bypass_csp=True) as tab:
        title = tab.title()
        tab.evaluate(MOUNTED, data)

        assert tab.title() == title
        assert tab.locator("h1, h2, main, footer").count() == 0
        assert tab.locator("section article").count() == 2
        ids = tab.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
        own = [name for name in ids if not re.match(r"node-|ok$|refused$|failed$|unknown$", name)]
        assert len(own) == len(set(own))

        second = tab.locator(".losses").nth(1).locator("button").first
        second.click()
        assert "logged out" in tab.get_by_role("dialog").inner_text()
        tab.keyboard.press("Escape")
        assert second.evaluate("(button) => button === document.activeElement")

        tab.evaluate("(data) => viewers[1].show(JSON.parse(data))", data)
        assert second.evaluate("(button) => button === document.activeElement")
        tab.evaluate("viewers[0].close()")
        assert tab.locator("section article").count() == 1


def test_what_has_no_room_yet_is_drawn_once_it_has(browser: Browser, write: Write) -> None:
    data = to_json(examples.page(examples.killed())).decode()
    with opened(browser, write(examples.page(examples.small())), bypass_csp=True) as tab:
        tab.evaluate("document.body.hidden = true")
        tab.evaluate(MOUNTED, data)
        assert tab.locator("article").count() == 0

        tab.evaluate("document.body.hidden = false")

        tab.locator("article").nth(1).wait_for()
        assert tab.locator("figure > svg").first.bounding_box()["width"] > 600  # type: ignore[index]


def test_a_list_leads_to_each_story(browser: Browser, write: Write) -> None:
    views = (examples.small(), examples.killed(), examples.nothing())
    with opened(browser, write(examples.page(*views))) as tab:
        links = tab.get_by_role("navigation").get_by_role("link")
        first = re.sub(r"\s+", " ", links.first.inner_text())
        assert first.startswith("memory-round-robin as expected 1 of 1 users")
        links.nth(1).click()
        assert tab.url.endswith("#s1")
        assert tab.locator("#s1").is_visible()


def test_two_runs_are_beside_each_other(browser: Browser, write: Write) -> None:
    with opened(browser, write(examples.two_runs())) as tab:
        rows = tab.get_by_role("table", name="What changed").get_by_role("row").all_inner_texts()
        assert rows[2].split("\t") == [
            "p99_ms", "22 ms", "23 ms", "+1 ms", "−3 to +5 ms", "no difference seen",
        ]  # fmt: skip
        asked = tab.get_by_role("table", name="What was asked for differently").get_by_role("row")
        assert asked.nth(1).inner_text().split("\t") == ["strategy", "memory", "redis"]
        assert len(rows) == 3, "what was asked for is not among what changed"
        assert tab.locator(".side-a").count() == tab.locator(".side-b").count() == 2


def test_the_charts_of_a_big_run_are_there_at_once_and_do_not_stall(
    browser: Browser, write: Write
) -> None:
    url = write(examples.page(examples.big()))
    first, longest = [], []
    for _ in range(3):  # the machine does other things too
        with opened(browser, url) as tab:
            first.append(tab.evaluate("window.firstChart"))
            tab.evaluate("window.longest = 0")
            for _ in range(20):
                tab.mouse.wheel(0, 600)
                tab.wait_for_timeout(20)
            longest.append(tab.evaluate("window.longest"))

    assert min(first) < 1000
    assert min(longest) < 200


@pytest.mark.parametrize("schema", [2, 99])
def test_data_from_the_future_is_said_to_be_so(browser: Browser, write: Write, schema: int) -> None:
    newer = examples.page(examples.killed())
    newer = type(newer)(sessionlab="9.0", title="", sentence="", views=newer.views, schema=schema)
    with opened(browser, write(newer)) as tab:
        assert f"schema {schema}" in tab.locator("h1").inner_text()


def test_an_animation_is_only_for_who_wants_it(browser: Browser, write: Write) -> None:
    url = write(examples.page(examples.small()))
    for wish, name in (("reduce", "none"), ("no-preference", "appear")):
        with opened(browser, url, reduced_motion=wish) as tab:
            tab.locator(".losses button").first.click()
            style = "getComputedStyle(document.querySelector('dialog')).animationName"
            assert tab.evaluate(style) == name
