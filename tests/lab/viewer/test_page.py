"""A page of runs as a file, as Markdown and as JUnit: the same run says the same in all of them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec
import pytest

from sessionlab.lab.viewer.as_run import to_junit, to_summary
from sessionlab.lab.viewer.building import page
from sessionlab.lab.viewer.page import to_html
from sessionlab.lab.viewer.view import Page, to_json
from tests.lab.viewer.runs import crowd, experiment, life, story

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"u{number}" for number in range(9)]
BAD = "</script><script>alert(1)</script><!-- & `|"


class Elements(HTMLParser):
    """What a browser makes of a file: its elements with their attributes, and the text in each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attributes, text)
            for (name, attributes), text in zip(self.found, self.texts, strict=True)
            if name == tag
        ]


def shown(elements: Elements) -> Page:
    """What the viewer reads."""
    (data,) = [text for attributes, text in elements.all("script") if attributes.get("id")]
    return msgspec.json.decode(data, type=Page)


@pytest.fixture
def killed(tmp_path: Path) -> Page:
    return page(experiment(tmp_path / "run", crowd(NAMES)))


def test_the_file_has_all_that_it_takes_and_asks_no_network(killed: Page) -> None:
    elements = Elements(to_html(killed))
    assert shown(elements) == killed
    asked = {name for _, attributes in elements.found for name in attributes}
    assert not asked & {"src", "href", "data", "srcset", "style", "onclick", "onload"}
    assert {name for name, _ in elements.found} == {
        *("html", "head", "meta", "title", "style", "script", "body", "main", "h1", "noscript")
    }
    assert "@import" not in elements.all("style")[0][1]
    assert "url(" not in elements.all("style")[0][1]
    assert elements.all("title")[0][1].strip() == killed.sentence
    assert elements.all("h1")[0][1] == killed.sentence, "it is there before any script has run"


def test_its_policy_lets_run_only_what_bears_its_nonce(killed: Page) -> None:
    elements = Elements(to_html(killed))
    (policy,) = [
        str(attributes["content"])
        for attributes, _ in elements.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    (nonce,) = re.findall(r"'nonce-([A-Za-z0-9+/=]{24})'", rules["script-src"])
    assert rules["script-src"] == rules["style-src"] == f"'nonce-{nonce}'"
    types = {str(found.get("type")): found.get("nonce") for found, _ in elements.all("script")}
    assert types == {"importmap": nonce, "module": nonce, "application/json": None}


def test_the_same_page_is_the_same_file_and_another_has_another_nonce(tmp_path: Path) -> None:
    first = page(experiment(tmp_path / "a", crowd(NAMES)))
    assert to_html(first) == to_html(first)
    other = page(experiment(tmp_path / "b", crowd(NAMES[:3])))
    nonces = {re.findall("nonce-([^']*)'", to_html(one))[0] for one in (first, other)}
    assert len(nonces) == 2


def test_no_users_name_ends_the_element_that_it_is_in(tmp_path: Path) -> None:
    found = page(experiment(tmp_path, life(BAD, "n2")))
    elements = Elements(to_html(found))
    assert shown(elements).views[0].losses.shown[0].user == BAD
    assert len(elements.all("script")) == 3
    assert BAD not in to_summary(found)
    assert "<script" not in to_summary(found)
    assert "<code>" in to_summary(found), "our own markup stays"
    ET.fromstring(to_junit(found))


def test_half_a_character_in_a_name_stops_nobody(tmp_path: Path) -> None:
    found = page(experiment(tmp_path, life("a\ud83d", "n2")))
    assert r"a\ud83d" in to_json(found).decode()
    assert r"a\ud83d" in to_html(found).partition('id="page">')[2]
    assert "1 user was logged out" in to_summary(found)


def test_markdown_and_junit_say_what_the_page_says(killed: Page) -> None:
    summary, view = to_summary(killed), killed.views[0]
    assert summary.splitlines()[0] == f"### {killed.sentence}"
    assert "9 users; 6 kept, 3 logged out; 360 requests; seed 7" in summary
    assert "| u1 | logged out | 2.1 s | n2 | n2 was killed at 2.0 s into the story" in summary
    rows = [line for line in summary.splitlines() if line.startswith("| ")]
    for finding in view.findings:
        assert any(row.startswith(f"| {finding.check} | {finding.verdict} |") for row in rows)
    root = ET.fromstring(to_junit(killed))
    cases = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    judged = {one.check for one in view.findings if one.verdict in ("holds", "broken")}
    assert cases.keys() == judged
    assert cases["continuity"] is not None
    assert cases["identity"] is None


def test_a_story_is_a_suite_of_its_claims(tmp_path: Path) -> None:
    found = page(story(tmp_path, crowd(NAMES)))
    (case,) = ET.fromstring(to_junit(found)).iter("testcase")
    assert (case.get("name"), list(case)) == ("n2's users are out", [])


def test_the_json_is_what_it_was_built_of(killed: Page) -> None:
    assert msgspec.json.decode(to_json(killed), type=Page) == killed
