"""What somebody gets who installs it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.field import field

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    with zipfile.ZipFile(made) as inside:
        return {name: inside.read(name) for name in inside.namelist()}


@field("machines", sources="PEP 561")
def test_the_wheel_says_that_it_is_typed(wheel: dict[str, bytes]) -> None:
    assert {
        "sessionlab/__main__.py",
        "sessionlab/py.typed",
        "sessionlab/lab/cli/app.py",
        "sessionlab/lab/recipes/schema.json",
        "sessionlab/lab/recipes/templates/django.toml",
        "sessionlab/nodes/errors.py",
        "sessionlab/scenarios/sticky.py",
    } <= wheel.keys()
    (entries,) = (said for name, said in wheel.items() if name.endswith("/entry_points.txt"))
    assert b"[pytest11]\nsessionlab = sessionlab.lab.pytest_plugin.plugin\n" in entries


def test_the_wheel_has_the_stories_and_not_the_gallery(wheel: dict[str, bytes]) -> None:
    assert not [name for name in wheel if "scenarios/apps" in name]
