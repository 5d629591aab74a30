"""A terminal that knows ASCII only, and none at all."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.field import field
from tests.lab.cli.test_command import COMMAND, nothing_is_left, story  # noqa: F401  a fixture

if TYPE_CHECKING:
    from pathlib import Path

CLAIM = 'lab.claim("Zoë \N{SNOWMAN} \\ud800", expected="é", observed="é")'


@field("machines", sources="ipython/ipython#11706")
def test_what_a_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    mine = story(tmp_path, CLAIM)
    done = subprocess.run(
        [*COMMAND, "run", str(mine), "--json", str(tmp_path / "run.json")],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Zo\\xeb" in done.stdout
    (written,) = json.loads((tmp_path / "run.json").read_text())["scenarios"]
    assert written["claims"][0]["expected"] == "é"


def test_json_is_utf_8_whatever_the_terminal_is() -> None:
    listed = subprocess.run(
        [*COMMAND, "run", "monolith", "--summary", "-"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert listed.returncode == 0
    assert "✅ as predicted" in listed.stdout.decode()


@field("machines", sources="pixelb/crudini#82")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_end_no_run(closed: str, tmp_path: Path) -> None:
    mine = story(
        tmp_path, "async with lab.cluster(nodes=1):", '    lab.claim("up", expected=1, observed=1)'
    )
    report = tmp_path / "run.json"
    line = f'exec "$0" run "$1" --json "$2" {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, *COMMAND, str(mine), str(report)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (written,) = json.loads(report.read_text())["scenarios"]
    assert written["outcome"] == "held"
