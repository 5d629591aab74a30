"""The page: what is typed cannot get out of its place, and its policy fits what it holds."""

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.nodes.web.page import Seen, hue, page, policy

ALICE = Seen(
    "n1", "service app", "alice", ["a book"], why="", known=True, problem="", can_log_in=True
)
NOBODY = replace(ALICE, user=None, items=[])


class Elements(HTMLParser):
    """The elements and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _ in attrs)]


@given(st.text(), st.text(), st.text())
def test_what_is_typed_makes_no_element_and_no_attribute(user: str, item: str, why: str) -> None:
    typed = replace(ALICE, user=user, items=[item], problem=why or "no")
    plain = replace(ALICE, problem="no")
    assert Elements(page(typed)).found == Elements(page(plain)).found
    for known in (True, False):
        refused = replace(NOBODY, why=why or "no", known=known)
        assert Elements(page(refused)).found == Elements(page(replace(refused, why="no"))).found


def test_the_policy_allows_this_style_and_nothing_else() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page(ALICE), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    said = policy("n1")["Content-Security-Policy"]
    assert said.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}';" in said
    assert "script" not in said
    assert "unsafe" not in said


def test_the_page_has_no_script_and_nothing_from_elsewhere() -> None:
    for seen in (ALICE, NOBODY, replace(NOBODY, can_log_in=False, why="session unknown here")):
        found = set(Elements(page(seen)).found)
        assert not found & {"script", "src", "action", "onclick", "iframe", "img"}
        links = re.findall(r'href="([^"]*)"', page(seen))
        assert all(link == "?" or link.startswith("data:") for link in links), links


def test_headings_go_one_level_down_at_a_time_and_the_cart_has_one() -> None:
    for seen in (ALICE, NOBODY, replace(NOBODY, can_log_in=False), replace(NOBODY, known=False)):
        levels = [int(tag[1]) for tag in Elements(page(seen)).found if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), levels
        assert levels.count(1) == 1
    assert "<h3>Your cart</h3>" in page(ALICE)
    assert "<h3>Log in</h3>" in page(NOBODY)


def test_it_is_light_or_dark_as_the_browser_is_and_what_has_a_ground_has_a_colour() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page(ALICE), re.DOTALL)
    assert "color-scheme:light dark" in style
    rules = [rule for rule in style.split("}") if "background:" in rule]
    assert rules
    assert all(re.search(r"[;{]color:#", rule) for rule in rules), "black or white on it is chance"


def test_the_nodes_of_a_service_have_colours_that_one_can_tell_apart() -> None:
    hues = [hue(f"n{number}") for number in range(1, 6)]
    for one, other in itertools.combinations(hues, 2):
        assert min((one - other) % 360, (other - one) % 360) >= 20, hues
    assert hue("web-n1") == hue("web-n1") != hue("api-n1")
