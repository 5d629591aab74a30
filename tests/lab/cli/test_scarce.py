"""A machine that is short of something: the lab says so, and judges nobody."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import in_process
from tests.field import field
from tests.lab.cli.test_command import COMMAND, nothing_is_left, sessionlab, story  # noqa: F401

MANY = (
    'async with lab.cluster("memory", affinity="cookie") as cluster:',
    "    asking = cluster.clients(60)",
    "    await lab.everyone(asking, lambda one: one.login())",
    "    got = await lab.everyone(asking, lambda one: one.me())",
    '    lab.claim("known", expected=60, observed=sum(one.status == 200 for one in got))',
)


def limited(how: str, mine: Path) -> subprocess.CompletedProcess[str]:
    line = f'{how} && exec "$0" run "$1"'
    return subprocess.run(
        ["/bin/sh", "-c", line, *COMMAND, str(mine)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@field(
    "machines",
    sources="grafana/k6#2006, tsenart/vegeta#219",
    peers="k6 counts such requests as failed",
)
def test_too_few_descriptors_are_the_lab_s_own_trouble(tmp_path: Path) -> None:
    done = limited("ulimit -n 100", story(tmp_path, *MANY))
    assert done.returncode == 3
    assert "open files" in done.stderr
    assert "not as predicted" not in done.stdout
    assert "stuck" not in done.stdout


@field("machines", sources="shekyan/slowhttptest#87")
def test_a_low_limit_that_may_be_raised_is_raised(tmp_path: Path) -> None:
    done = limited("ulimit -S -n 50", story(tmp_path, *MANY))
    assert done.returncode == 0, done.stdout + done.stderr


@field("machines", sources="conjure-up/conjure-up#964")
@pytest.mark.parametrize("where", ["/dev/null", "/proc"])
def test_no_folder_for_a_run_s_files_is_told_with_the_way_out(where: str) -> None:
    there = str(Path(__file__).parent / "no_temporary")
    done = subprocess.run(
        [*COMMAND, "run", "monolith"],
        env={**os.environ, "PYTHONPATH": there, "NOWHERE": where},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr


@field("machines", sources="GOVTNZ/cwac#268")
@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "a\\nb", "run.json", "x" * 200])
def test_a_name_that_is_no_name_of_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    mine = story(tmp_path, "lab.claim('x', expected=1, observed=1)")
    mine.write_text(mine.read_text().replace('"mine"', f'"{name}"'))
    done = in_process.sessionlab("run", mine, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "name" in done.stderr


@field("machines", sources="GOVTNZ/cwac#268")
def test_two_stories_of_one_name_are_refused(tmp_path: Path) -> None:
    mine = story(tmp_path, "lab.claim('x', expected=1, observed=1)")
    (tmp_path / "other.py").write_text(mine.read_text())
    done = sessionlab("run", mine, tmp_path / "other.py")
    assert done.returncode == 2
    assert "'mine'" in done.stderr
