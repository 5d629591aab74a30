"""Reports of real runs, made by the commands that people type, read in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.installed import needs
from tests.lab.viewer.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, needs("chromium")]

KILL = """
format = 1
name = "kill"
[cluster]
affinity = "cookie"
[workload]
users = 30
seconds = 2
think = 0.02
[[fault]]
fault = "kill-node"
part = "n2"
at = 1
[bounds]
lost_share = "<= 0.9"
"""


def made(*words: object) -> None:
    """By a process of its own, as Playwright has its loop in this one; a loss is an ending, too."""
    command = [sys.executable, "-m", "sessionlab", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "story"
    made("run", "sticky-node-dies", "--out", run)
    made("report", run)
    return run


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "kill.toml").write_text(KILL)
    made("run", folder / "kill.toml", "--out", folder / "run", "--seed", 3)
    made("report", folder / "run")
    return folder / "run"


def test_a_storys_report_says_what_its_json_says(browser: Browser, story: Path) -> None:
    (told,) = json.loads((story / "run.json").read_text())["scenarios"]
    (loss,) = told["users"]["losses"]
    with opened(browser, (story / "report.html").as_uri()) as tab:
        head = tab.locator("h1").inner_text()
        assert head.startswith(f"{loss['users']} of {loss['of']} users were logged out: n")
        assert tab.locator(".fate.kept b").inner_text() == str(told["users"]["kept"])
        assert tab.locator(".fate.logged-out b").inner_text() == str(told["users"]["logged_out"])
        assert tab.locator(".losses button").count() == loss["users"]
        for claim in told["claims"]:
            assert claim["text"] in tab.locator("main").inner_text()

        tab.locator(".losses button").first.click()
        read = tab.get_by_role("dialog").inner_text()
        assert "their session was in its memory" in read
        assert "401" in tab.get_by_role("dialog").locator("li.marks").inner_text()
        assert "the pin's node was out of service" in read


def test_an_experiments_report_says_what_its_json_says(browser: Browser, experiment: Path) -> None:
    told = json.loads((experiment / "run.json").read_text())
    (lives,) = [one for one in told["findings"] if one["check"] == "continuity"]
    with opened(browser, (experiment / "report.html").as_uri()) as tab:
        shown = tab.locator("main").inner_text()
        for finding in told["findings"]:
            assert finding["said"] in shown
        for one in told["predictions"]:
            assert one["seen"] in shown
        assert "lost_share <= 0.9" in shown
        assert tab.locator(".fate.logged-out b").inner_text() == str(lives["figures"]["logged_out"])
        tab.get_by_text("Show as a table: Requests over time").click()
        tab.locator("figure table tbody td").first.wait_for()  # it is made when it is opened
        cells = tab.locator("figure table tbody td").all_inner_texts()
        counted = sum(int(re.sub(r"\D", "", cell)) for cell in cells)
        assert counted == told["scenarios"][0]["requests"]
