"""Histories of real runs, kept as they were written, and the verdicts that a person has checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app
from sessionlab.lab.reports.stored import Stored, read
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.verdicts.users import Users

RECORDED = Path(__file__).parent / "recorded"
STORED = {scenario.name: scenario for scenario in read(RECORDED)}


def test_what_became_of_the_users_of_recorded_runs() -> None:
    done = CliRunner().invoke(app, ["judge", str(RECORDED), "--each", "--only", "continuity"])
    assert done.output == (RECORDED / "verdicts.txt").read_text()


def test_a_story_without_users_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"scenarios": [{"name": "empty"}]}')
    (tmp_path / "events.jsonl").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "history.jsonl").touch()
    done = CliRunner().invoke(app, ["judge", str(tmp_path), "--only", "continuity"])
    assert done.exit_code == 3
    assert done.output == "empty: nobody logged in\n\n? continuity  nobody logged in\n"


@pytest.mark.parametrize("scenario", STORED.values(), ids=STORED)
def test_whoever_was_kept_or_moved_is_not_once_an_answer_is_another_s(scenario: Stored) -> None:
    """Each of their last answers in turn is made to be of somebody else."""
    operations = list(scenario.history)
    well = [user for user in scenario.users.judged if user.fate in (Fate.KEPT, Fate.MOVED)]
    for user in well:
        mine = [
            number
            for number, op in enumerate(operations)
            if (op.client, op.cluster, op.tab) == (user.client, user.cluster, user.tab)
            and not op.direct
            and (op.recognised or op.items is not None)
        ]
        last = operations[mine[-1]]
        stolen = (
            replace(last, items=("somebody else's book",))
            if last.items is not None
            else replace(last, user="somebody-else")
        )
        changed = [*operations[: mine[-1]], stolen, *operations[mine[-1] + 1 :]]
        assert Users.of(changed, scenario.events).count(Fate.WRONG_DATA) > scenario.users.count(
            Fate.WRONG_DATA
        ), user
