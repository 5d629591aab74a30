"""The distribution's one import name, and the command of the same name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import sessionlab
from sessionlab.lab.scenario import api

ROOT = Path(__file__).parent.parent


def run(*arguments: str) -> str:
    """What Python says in a process of its own: here the whole lab has been loaded already."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_a_star_import_gives_every_name_of_a_scenario_and_no_other() -> None:
    names: dict[str, object] = {}
    exec("from sessionlab import *", names)
    del names["__builtins__"]
    assert names == {name: getattr(api, name) for name in api.__all__}


def test_its_names_are_shown_where_an_editor_or_a_prompt_asks_for_them() -> None:
    assert set(api.__all__) <= set(dir(sessionlab))


def test_nothing_of_the_lab_is_loaded_for_a_node() -> None:
    loaded = (
        "import sessionlab, sys; print([m for m in sys.modules if m.startswith('sessionlab.')])"
    )
    assert run("-c", loaded) == "[]\n"


def test_a_name_that_it_lacks_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError, match="module 'sessionlab' has no attribute 'Lap'"):
        sessionlab.Lap  # noqa: B018


def test_as_a_module_it_is_the_command() -> None:
    assert run("-m", "sessionlab", "--version") == f"sessionlab {version('sessionlab')}\n"
