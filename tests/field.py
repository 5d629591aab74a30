"""Behaviours that public bug reports asked for: a mark on the test that holds each, and their page.

`python -m tests.field` writes docs/field.md anew from the marks; a test compares the two.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "field.md"
HEAD = """\
# The field: what others' users ran into, and how it is held here

Each row is a behaviour that somebody missed in some balancer, framework or tool, the public report
or the standard that says so, and what the peers do where it was observed. A test of that name
holds it here. This page is made from the tests: `python -m tests.field`.
"""
AREAS = {
    "pins": "Cookies and pins as browsers keep them",
    "http": "HTTP as it is spoken",
    "tokens": "Tokens and Redis",
    "machines": "The lab on other people's machines",
    "containers": "In containers",
}


def field(area: str, *, sources: str, peers: str = "") -> pytest.MarkDecorator:
    """Mark the test of a behaviour; `sources` and `peers` are Markdown for its row.

    Sources are `owner/repo#number` or a section of an RFC, separated by commas.
    """
    assert area in AREAS, f"{area!r} is none of {', '.join(AREAS)}"
    return pytest.mark.field(area, sources, peers)


@dataclass(frozen=True, slots=True)
class Row:
    area: str
    behaviour: str
    peers: str
    sources: str
    path: str


def rows() -> Iterator[Row]:
    """A row for each marked test, in the order of files and lines."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _of(node, path.relative_to(ROOT).as_posix())


def _of(test: ast.FunctionDef | ast.AsyncFunctionDef, path: str) -> Iterator[Row]:
    for mark in test.decorator_list:
        if (
            isinstance(mark, ast.Call)
            and isinstance(mark.func, ast.Name)
            and mark.func.id == "field"
        ):
            (area,) = (ast.literal_eval(argument) for argument in mark.args)
            given = {str(word.arg): ast.literal_eval(word.value) for word in mark.keywords}
            said = ast.get_docstring(test) or test.name.removeprefix("test_").replace("_", " ")
            yield Row(area, " ".join(said.split()), given.get("peers", ""), given["sources"], path)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    found = list(rows())
    for area, title in AREAS.items():
        mine = [row for row in found if row.area == area]
        if mine:
            parts.append(
                f"\n## {title}\n\n| behaviour | peers | sources | test |\n|---|---|---|---|\n"
            )
            parts += map(_line, mine)
    return "".join(parts)


def _line(row: Row) -> str:
    test = f"[{Path(row.path).stem}](../{row.path})"
    return f"| {row.behaviour} | {row.peers} | {row.sources} | {test} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
