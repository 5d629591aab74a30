"""The viewer's modules are plain JavaScript whose types are checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sessionlab.lab.viewer import view
from tests.installed import needs

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent
WEB = HERE.parents[2] / "lab/viewer/web"


@pytest.mark.browser
@needs("node")
@needs("npm")
def test_the_modules_have_the_types_that_they_say(npm: Path) -> None:
    command = ["node", str(npm / "typescript/lib/tsc.js"), "--project", str(HERE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.stdout == ""
    assert checked.returncode == 0


def test_the_types_are_those_that_python_writes() -> None:
    said = (WEB / "types.js").read_text()
    typedef = r"@typedef \{\{((?:[^{}]|\{\{)*?)\}\} (\w+)"
    found = {name: fields(body) for body, name in re.findall(typedef, said, re.DOTALL)}

    assert found == {
        "ClusterNode" if name == "Node" else name: written for name, written in structs(view)
    }


def fields(body: str) -> list[str]:
    """The names in a type of an object; those that stand in a line's beginning or after a comma."""
    return re.findall(r"(?:^|[,\s])(\w+):", body.replace("*", " "))


def structs(module: ModuleType) -> list[tuple[str, list[str]]]:
    def of(struct: Any) -> list[str]:
        return [field.encode_name for field in msgspec.structs.fields(struct)]

    return [
        (name, of(value))
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value is not msgspec.Struct
    ]


def test_no_module_makes_markup_of_text_or_listens_inline() -> None:
    for path in WEB.glob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r'"(on\w+|style)"|\bon\w+:', text), path.name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path.name
