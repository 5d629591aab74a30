"""The page's modules are plain JavaScript whose types are checked, and are those of the API."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.bench import requests
from sessionlab.lab.page.model import credentials, doing, news, state, stories, visitors
from tests.installed import needs
from tests.lab.viewer.test_types import structs

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parents[1]
WEB = HERE.parents[2] / "lab/page/web"


@pytest.mark.browser
@needs("node")
@needs("npm")
def test_the_modules_have_the_types_that_they_say(npm: Path) -> None:
    command = ["node", str(npm / "typescript/lib/tsc.js"), "--project", str(HERE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.stdout == ""
    assert checked.returncode == 0


def test_the_types_are_those_of_the_api() -> None:
    said = dict(typedefs((WEB / "types.js").read_text()))
    modules = (requests, state, visitors, credentials, doing, stories, news)
    written = {name: fields for module in modules for name, fields in structs(module)}

    assert {name: said.get(name) for name in written} == written


def test_no_module_makes_markup_of_text_or_listens_inline() -> None:
    for path in WEB.glob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r'"?\bon(click|load|error|key\w+)"?:|"style":', text), path.name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path.name


def test_what_is_said_to_a_person_is_in_one_file() -> None:
    """Words in a string of any other module, but for names of classes, events and the like."""
    sentence = re.compile(r'"[A-Z][a-z]+ [a-z]+ [a-z]+[^"]*"')
    found = {
        path.name: sentence.findall(path.read_text())
        for path in WEB.glob("*.js")
        if path.name != "texts.js"
    }

    assert {name: words for name, words in found.items() if words} == {}


def typedefs(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each type of an object, and the names of its fields, in order."""
    for body, name in re.findall(r"@typedef \{\{((?:[^{}]|\{\{)*?)\}\} (\w+)", text, re.DOTALL):
        yield name, re.findall(r"(?:^|[,\s])(\w+)\??:", body.replace("*", " "))
