"""Every command in the lesson and in *which one are you?* can be given; none is run here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from sessionlab.lab.cli.app import app
from sessionlab.lab.scenario.finding import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("lesson.md", "which.md")
COMMAND = re.compile(r"(?:^|`)sessionlab ([a-z][^`#]*?)(?:`|#|$)", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    for name in PAGES:
        text = (DOCS / name).read_text(encoding="utf-8")
        said = (" ".join(words.split()) for words in COMMAND.findall(text))
        yield from ((name, words) for words in said if "NAME" not in words.split())


def parsed(words: list[str]) -> dict[str, object]:
    """What the command itself makes of these words, without being run; it exits when it can't."""
    verb, *rest = words
    known = get_command(app).commands  # type: ignore[attr-defined]
    params: dict[str, object] = known[verb].make_context(verb, rest).params
    return params


@pytest.mark.parametrize(("page", "command"), sorted(set(commands())))
def test_a_command_names_what_there_is(page: str, command: str) -> None:
    named = parsed(command.split()).get("scenarios") or []
    assert isinstance(named, list | tuple)
    assert set(map(str, named)) <= set(installed()), page


def test_the_table_of_apps_runs_scenarios_that_there_are() -> None:
    rows = re.findall(r"^\| .* \| .* \| (`.*`) \| .* \|$", read("which.md"), re.MULTILINE)
    assert len(rows) > 10
    assert {name for row in rows for name in re.findall(r"`(.*?)`", row)} <= set(installed())


def test_the_lesson_lasts_as_long_as_it_says() -> None:
    parts = re.findall(r"^## \d\. .* \((\d+) minutes\)$", read("lesson.md"), re.MULTILINE)
    assert sum(map(int, parts)) == 90
    ends = re.findall(r"^\| (\d+)–(\d+) \|", read("lesson.md"), re.MULTILINE)
    assert [int(end) - int(begin) for begin, end in ends] == list(map(int, parts))


@pytest.mark.parametrize(
    "page", [*PAGES, "scenarios.md", "balancers.md", "recipes.md", "pytest.md", "gallery.md"]
)
def test_every_link_leads_somewhere(page: str) -> None:
    text = read(page)
    anchors = {anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]*)\)", text):
        path, _, place = target.partition("#")
        assert not path or (DOCS / path).exists(), target
        assert not place or path or place in anchors, target


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def anchor(title: str) -> str:
    """As GitHub makes one of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
