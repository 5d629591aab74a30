"""However a run ends, it ends, and its reports say what is known and that it was cut short."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.field import field
from tests.lab.cli.test_command import COMMAND, nothing_is_left  # noqa: F401  a fixture

TWO = """
import asyncio, os, signal, sys
from sessionlab import Lab, scenario

@scenario("first", "t")
async def first(lab: Lab) -> None:
    async with lab.cluster(nodes=1):
        lab.claim("it is up", expected=1, observed=1)
    {end}

@scenario("second", "t")
async def second(lab: Lab) -> None:
    async with lab.cluster(nodes=1):
        lab.claim("it is up", expected=1, observed=1)
        {says}
        await asyncio.sleep({stays})
"""
FOR_GOOD = 1000
CLAIMED = 'print("claimed", flush=True)'


def start(
    folder: Path,
    end: str,
    *options: str,
    stays: float = FOR_GOOD,
    says: str = CLAIMED,
    out: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    story = folder / "two.py"
    story.write_text(TWO.format(end=end, stays=stays, says=says))
    return subprocess.Popen(
        [*COMMAND, "run", str(story), *options], stdout=out, stderr=subprocess.PIPE, text=True
    )


def until_all_is_claimed(lab: subprocess.Popen[str]) -> None:
    """Until the first story has ended, and the second has claimed something and goes on."""
    assert lab.stdout is not None
    said = ""
    while not ("✓ first" in said and "claimed" in said):
        said += lab.stdout.readline()


def reports(folder: Path) -> list[str]:
    """Options for two reports, where an earlier run has left green ones."""
    for name in ("run.json", "junit.xml"):
        (folder / name).write_text("<testsuites/>")
    return ["--json", str(folder / "run.json"), "--junit", str(folder / "junit.xml")]


def three(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The same with a third one, which waits for its turn."""
    (folder / "three.py").write_text(
        "from sessionlab import Lab, scenario\n\n@scenario('third', 't')\n"
        "async def third(lab: Lab) -> None:\n    lab.claim('never', expected=1, observed=1)\n"
    )
    return start(folder, "", str(folder / "three.py"), "--jobs", "1", *options)


def told(folder: Path) -> tuple[str, dict[str, str]]:
    """Why the run was cut short, and the outcomes of its stories, as both reports have it."""
    run = json.loads((folder / "run.json").read_text())
    suites = ET.parse(folder / "junit.xml").getroot()
    why = suites.find("testsuite[@name='sessionlab']/testcase/error")
    assert why is not None
    assert why.get("message") == run["cut_short"]
    assert int(suites.get("errors", "0")) > 0
    return run["cut_short"], {one["name"]: one["outcome"] for one in run["scenarios"]}


@field("machines", sources="python/cpython#90650, pypa/pip#5721")
def test_a_run_whose_reader_has_left_ends_and_says_so(tmp_path: Path) -> None:
    read, write = os.pipe()
    lab = start(tmp_path, "", *reports(tmp_path), says="", out=write)  # only the lab writes
    os.close(write)
    os.read(read, 1)
    os.close(read)
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == 128 + signal.SIGPIPE
    assert "Traceback" not in said
    why, outcomes = told(tmp_path)
    assert "standard output" in why
    assert outcomes == {"first": "held", "second": "error"}


@field("machines", sources="python/cpython#101515")
@pytest.mark.parametrize("how", ["sys.exit(0)", "raise KeyboardInterrupt"])
def test_a_story_that_leaves_is_an_error_and_ends_no_other(how: str, tmp_path: Path) -> None:
    lab = start(tmp_path, how, "--json", str(tmp_path / "run.json"), stays=0)
    lab.communicate(timeout=30)
    assert lab.returncode == 1
    run = json.loads((tmp_path / "run.json").read_text())
    assert [one["outcome"] for one in run["scenarios"]] == ["error", "held"]


@field("machines", sources="python/cpython#101515")
def test_a_task_of_a_story_that_leaves_ends_the_run_with_an_error(tmp_path: Path) -> None:
    leave = "await asyncio.create_task(asyncio.to_thread(int)); asyncio.get_running_loop()"
    lab = start(
        tmp_path, f"{leave}.call_soon(sys.exit, 0); await asyncio.sleep(9)", *reports(tmp_path)
    )
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == 1
    assert "sys.exit" in said
    why, outcomes = told(tmp_path)
    assert "sys.exit" in why
    assert set(outcomes.values()) == {"error"}


@field(
    "machines",
    sources="pytest-dev/pytest#7087, pytest-dev/pytest#12350",
    peers="pytest writes JUnit XML at its end only",
)
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_after_a_signal_the_reports_say_what_is_known(signum: int, tmp_path: Path) -> None:
    lab = three(tmp_path, *reports(tmp_path), "--out", str(tmp_path / "out"))
    until_all_is_claimed(lab)
    lab.send_signal(signum)
    shown, _ = lab.communicate(timeout=30)
    assert lab.returncode == 128 + signum
    assert re.search(r"^! third +error: it was cut short", shown, re.MULTILINE), shown
    assert "3 scenarios: 1 as predicted, 2 " in shown
    assert "2 of 2 predictions came true" in shown
    assert shown.count("third") == 1, "what was not begun has its line, and no more"
    why, outcomes = told(tmp_path)
    assert signal.Signals(signum).name in why
    assert outcomes == {"first": "held", "second": "error", "third": "error"}
    kept = json.loads((tmp_path / "out" / "run.json").read_text())
    assert kept["scenarios"][1]["claims"][0]["holds"]


@field("machines", sources="pytest-dev/pytest#7087")
def test_after_kill_9_no_report_of_an_earlier_run_is_left(tmp_path: Path) -> None:
    lab = start(tmp_path, "", *reports(tmp_path))
    until_all_is_claimed(lab)
    lab.kill()
    lab.communicate(timeout=30)
    why, outcomes = told(tmp_path)
    assert "not ended" in why
    assert set(outcomes.values()) == {"error"}


@field("machines", sources="pytest-dev/pytest#7087")
@pytest.mark.parametrize(
    ("options", "status"), [(["--redis-url", "redis://127.0.0.1:1"], 3), (["no-such-story"], 2)]
)
def test_after_a_failed_start_the_reports_say_why(
    options: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if status == 3:
        monkeypatch.setenv("PATH", "/nowhere")
        options = ["--fabric", "docker"]
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    lab = start(tmp_path, "", *reports(tmp_path), *options)
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == status, said
    why, outcomes = told(tmp_path)
    assert why in said
    assert set(outcomes.values()) <= {"error"}


@field("machines", sources="conjure-up/conjure-up#964")
def test_a_report_that_cannot_be_written_is_said_and_the_others_are_written(tmp_path: Path) -> None:
    lab = start(tmp_path, "", "--junit", "/dev/full", "--json", str(tmp_path / "j"), stays=0)
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == 3
    assert "/dev/full" in said
    assert "Traceback" not in said
    assert "cut_short" not in json.loads((tmp_path / "j").read_text())


def test_a_screen_that_takes_no_more_ends_the_run_without_a_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        lab = start(tmp_path, "", out=full.fileno())
        _, said = lab.communicate(timeout=30)
    assert lab.returncode == 3
    assert "No space left" in said
    assert "Traceback" not in said
