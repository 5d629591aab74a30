"""`sessionlab report`: where a page goes, and what is said of folders that are no run."""

from __future__ import annotations

import json
import webbrowser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.experiment.folder import given
from sessionlab.lab.reports.earlier import clear
from tests.lab.viewer.runs import crowd, experiment, story

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

NAMES = ["a", "b", "c"]


def report(*words: object) -> Result:
    return CliRunner().invoke(app, ["report", *map(str, words)])


def test_the_page_lies_in_the_runs_folder_and_is_said_to(tmp_path: Path) -> None:
    done = report(experiment(tmp_path, crowd(NAMES)))
    assert done.exit_code == 0, done.output
    first, second = done.stdout.splitlines()
    assert first == "1 of 3 users was logged out: n2 was killed at 2.0 s"
    assert second.startswith(f"{tmp_path / 'report.html'}: ")
    assert first in (tmp_path / "report.html").read_text()


def test_a_run_may_take_the_place_of_one_that_has_a_report(tmp_path: Path) -> None:
    assert report(experiment(tmp_path / "a", crowd(NAMES))).exit_code == 0
    given(tmp_path / "a", resume=False)
    assert list((tmp_path / "a").iterdir()) == []
    assert report(story(tmp_path / "b", crowd(NAMES))).exit_code == 0
    clear(tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []


def test_of_two_runs_the_page_lies_beside_the_second_ones(tmp_path: Path) -> None:
    one, other = experiment(tmp_path / "a", crowd(NAMES)), experiment(tmp_path / "b", crowd("xy"))
    assert report(one).exit_code == 0
    done = report(one, other)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].startswith(f"{other / 'comparison.html'}: ")
    assert "a beside b" in (other / "comparison.html").read_text()
    given(other, resume=False)
    assert list(other.iterdir()) == []


def test_of_an_experiments_name_the_latest_run_is_shown(tmp_path: Path) -> None:
    experiment(tmp_path / "1", crowd(NAMES))
    (tmp_path / "latest").symlink_to("1")
    assert report(tmp_path).exit_code == 0
    assert (tmp_path / "1" / "report.html").exists()


def test_markdown_junit_and_json_are_written_beside_it(tmp_path: Path) -> None:
    run, summary = experiment(tmp_path / "run", crowd(NAMES)), tmp_path / "summary.md"
    summary.write_text("before\n")
    done = report(
        run, "--out", tmp_path / "p.html", "--summary", summary, "--junit", tmp_path / "j"
    )
    assert done.exit_code == 0, done.output
    assert not (run / "report.html").exists()
    assert (tmp_path / "p.html").exists()
    assert summary.read_text().startswith("before\n### 1 of 3 users")
    ET.parse(tmp_path / "j")
    view = json.loads(report(run, "--json", "-").stdout)
    assert (view["schema"], view["views"][0]["users"]["lost"]) == (1, 1)


@pytest.mark.parametrize(
    ("known", "said"), [({"started": 1.8e9}, "2027-01-15T08:00:00"), ({}, None)]
)
def test_junit_says_when_it_was_run_where_the_run_says_so(
    tmp_path: Path, known: dict[str, float], said: str | None
) -> None:
    run, junit = experiment(tmp_path / "run", crowd(NAMES)), tmp_path / "j.xml"
    told = json.loads((run / "run.json").read_text())
    told.pop("started", None)
    (run / "run.json").write_text(json.dumps({**told, **known}))
    assert report(run, "--junit", junit).exit_code == 0
    suite = ET.parse(junit).find("testsuite")
    assert suite is not None
    assert suite.get("timestamp") == said


def test_it_is_opened_in_the_browser_or_said_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def opens(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", opens)
    run = experiment(tmp_path, crowd(NAMES))
    assert report(run, "--open").exit_code == 0
    assert opened == [(tmp_path / "report.html").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert isinstance(report(run, "--open").exception, NothingShown)


def test_what_is_no_run_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    refused = report(tmp_path).exception
    assert isinstance(refused, UsageError)
    assert "holds no run" in str(refused)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_page_that_cannot_be_written_is_the_labs_trouble(tmp_path: Path) -> None:
    run = experiment(tmp_path / "run", crowd(NAMES))
    failed = report(run, "--out", tmp_path / "nowhere" / "p.html").exception
    assert isinstance(failed, NothingShown)
    assert "cannot write" in str(failed)
