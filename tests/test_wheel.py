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
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        return set(inside.namelist())


@field("machines", sources="PEP 561")
def test_the_wheel_says_that_it_is_typed(names: set[str]) -> None:
    assert {
        "sessionlab/__main__.py",
        "sessionlab/py.typed",
        "sessionlab/lab/cli/app.py",
        "sessionlab/nodes/errors.py",
        "sessionlab/scenarios/sticky.py",
    } <= names


def test_the_wheel_has_the_stories_and_not_the_gallery(names: set[str]) -> None:
    assert not [name for name in names if "scenarios/apps" in name]
