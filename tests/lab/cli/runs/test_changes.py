"""`sessionlab judge A B`: folders of experiments and of stories, side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.record.history import History, Operation
from tests.lab.cli.runs.test_judge import FINE, LOST, experiment, judge, story

if TYPE_CHECKING:
    from pathlib import Path


def crowd(operations: list[Operation], users: int = 30) -> list[Operation]:
    all_of = [
        replace(op, client=f"u{n}", user=op.user and f"u{n}")
        for n in range(users)
        for op in operations
    ]
    return sorted(all_of, key=lambda op: op.completed)


def test_who_got_worse_ends_with_1_and_who_got_better_with_0(tmp_path: Path) -> None:
    fine = experiment(tmp_path / "fine", crowd(FINE), seed=1)
    lost = experiment(tmp_path / "lost", crowd(LOST), seed=2)
    worse = judge(fine, lost)
    assert worse.exit_code == 1, worse.output
    assert "  asked for   seed: 1 → 2\n" in worse.stdout
    assert "  WORSE       lost 0 → 100 % of users, " in worse.stdout
    assert max(map(len, worse.stdout.splitlines())) <= 80
    better = judge(lost, fine)
    assert better.exit_code == 0, better.output
    assert "  better      lost 100 → 0 % of users, " in better.stdout


def test_what_the_lab_itself_has_broken_is_no_change_for_users(tmp_path: Path) -> None:
    fine = experiment(tmp_path / "fine", crowd(FINE))
    lost = experiment(tmp_path / "lost", crowd(LOST), trouble="no descriptor left")
    done = judge(fine, lost)
    assert done.exit_code == 3, done.output
    assert "B: the lab's own trouble: no descriptor left" in " ".join(done.stdout.split())
    assert "WORSE" not in done.stdout


def test_a_run_beside_itself_shows_no_difference(tmp_path: Path) -> None:
    run = experiment(tmp_path, crowd(FINE))
    done = judge(run, run)
    assert done.exit_code == 0, done.output
    assert "  same        no difference seen: lost, kept, " in done.stdout
    assert "asked for" not in done.stdout


def test_all_of_it_is_written_as_json(tmp_path: Path) -> None:
    fine = experiment(tmp_path / "fine", crowd(FINE))
    lost = experiment(tmp_path / "lost", crowd(LOST))
    said = json.loads(judge(fine, lost, "--json", "-").stdout)
    assert (said["schema"], said["exit_status"], said["level"]) == (1, 1, 0.999)
    (comparison,) = said["comparisons"]
    by_name = {one["what"]: one for one in comparison["measures"]}
    assert (by_name["lost"]["a"], by_name["lost"]["b"]) == (0, 100)
    assert by_name["lost"]["change"] == "worse"
    assert by_name["lost"]["said"].startswith("lost 0 → 100 % of users, ")
    assert "lost 0 → 100 % of users" in comparison["sentence"]
    assert by_name["stuck"]["said"] == "no difference seen"


def test_a_run_in_which_nobody_came_leaves_nothing_to_compare(tmp_path: Path) -> None:
    empty, fine = experiment(tmp_path / "a", []), experiment(tmp_path / "b", crowd(FINE))
    done = judge(empty, fine)
    assert done.exit_code == 3, done.output
    assert "not comparable, nobody logged in in A: " in done.stdout


def test_what_was_asked_for_in_the_file_is_compared(tmp_path: Path) -> None:
    a, b = (experiment(tmp_path / name, crowd(FINE)) for name in "ab")
    (a / "experiment.toml").write_text("[workload]\nusers = 9\n[cluster]\noptions.x = 'hidden'\n")
    (b / "experiment.toml").write_text("[workload]\nusers = 8\n[[fault]]\nfault = 'kill-node'\n")
    done = judge(a, b)
    assert "  asked for   workload.users: 9 → 8\n" in done.stdout
    assert "  asked for   fault 1.fault: – → kill-node\n" in done.stdout
    assert "hidden" not in done.stdout, "what a node was started with may be a secret"


def test_stories_are_compared_by_their_names(tmp_path: Path) -> None:
    for side in "ab":
        (tmp_path / side).mkdir()
        story(tmp_path / side, History(crowd(LOST if side == "b" else FINE)).to_jsonl())
    (tmp_path / "a/two").mkdir()
    (tmp_path / "a/two/history.jsonl").write_text(History(FINE).to_jsonl())
    done = judge(tmp_path / "a", tmp_path / "b")
    assert done.exit_code == 1, done.output
    assert "\none\n" in done.stdout
    assert "throughput" not in done.stdout, "a story asks what it is told to"


def test_a_history_that_was_cut_is_compared_and_that_is_said(tmp_path: Path) -> None:
    fine = experiment(tmp_path / "fine", crowd(FINE))
    cut = experiment(tmp_path / "cut", crowd(FINE))
    path = max((cut / "history").glob("*.ops"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1])
    done = judge(fine, cut)
    assert "  note        B: " in done.stdout
    assert "in the middle of a block" in " ".join(done.stdout.split())


@pytest.mark.parametrize("option", [("--each",), ("--only", "latency"), ("--jsonl", "-")])
def test_what_is_of_one_run_is_refused_for_two(tmp_path: Path, option: tuple[str, ...]) -> None:
    run = experiment(tmp_path, FINE)
    assert isinstance(judge(run, run, *option).exception, UsageError)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    run = experiment(tmp_path / "a", FINE)
    refused = judge(run, tmp_path / "nosuch").exception
    assert isinstance(refused, UsageError)
