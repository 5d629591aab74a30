"""What somebody gets who installs it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.field import field

ROOT = Path(__file__).parent.parent


@field("machines", sources="PEP 561")
def test_the_wheel_says_that_it_is_typed(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        names = set(inside.namelist())
        (entries,) = (inside.read(name) for name in names if name.endswith("/entry_points.txt"))
    assert {
        "sessionlab/__main__.py",
        "sessionlab/py.typed",
        "sessionlab/lab/cli/app.py",
        "sessionlab/lab/recipes/schema.json",
        "sessionlab/lab/recipes/templates/django.toml",
        "sessionlab/nodes/errors.py",
    } <= names
    assert b"[pytest11]\nsessionlab = sessionlab.lab.pytest_plugin.plugin\n" in entries
