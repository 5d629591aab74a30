"""`sessionlab judge`: folders as runs have left them, whole, cut, old and too new."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from sessionlab.lab.checks import judging
from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import LabError, UsageError
from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.packed.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

LOGIN = Operation(
    *("u1", "POST", "/login", 1.0, 1.1, Ending.OK, 200, "n1", "u1"),
    cluster="one-1",
    conversation="login",
    who="user",
    enters=True,
)
ME = replace(LOGIN, path="/me", invoked=1.2, completed=1.3, conversation="me", enters=False)
ME = replace(ME, credential=9)
REFUSED = replace(ME, status=401, who="nobody", user=None, outcome=Ending.FAILED)
GONE = replace(REFUSED, invoked=2.0, completed=2.1)
FINE, LOST = [LOGIN, ME], [LOGIN, ME, GONE]
EVENTS = [
    {"at": 0.1, "kind": "run.started", "scenario": "", "data": {"scenarios": ["one"]}},
    {"at": 0.2, "kind": "cluster.starting", "scenario": "one", "data": {"cluster": "one-1"}},
    {"at": 0.5, "kind": "cluster.ready", "scenario": "one", "data": {"nodes": ["n1", "n2"]}},
]


def experiment(folder: Path, operations: list[Operation], **run: object) -> Path:
    writer = Writer(folder, shards=2)
    for operation in operations:
        writer.append(operation)
    writer.close()
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    known = {"experiment": "one", "began": 0.9, "ended": 3.0, "told": {}, "scenarios": [{}], **run}
    (folder / "run.json").write_text(json.dumps(known))
    return folder


def story(folder: Path, text: str) -> Path:
    (folder / "run.json").write_text('{"scenarios": [{"name": "one"}]}')
    (folder / "events.jsonl").touch()
    (folder / "one").mkdir()
    (folder / "one" / "history.jsonl").write_text(text)
    return folder


def judge(*words: object) -> Result:
    return CliRunner().invoke(app, ["judge", *map(str, words)])


def test_a_run_that_lost_nobody_ends_with_0_and_one_that_did_with_1(tmp_path: Path) -> None:
    fine = judge(experiment(tmp_path / "fine", FINE))
    assert fine.exit_code == 0, fine.output
    assert fine.stdout.startswith("one: nobody was lost: 1 user: 1 kept\n")
    lost = judge(experiment(tmp_path / "lost", LOST), "--each")
    assert lost.exit_code == 1
    assert lost.stdout.startswith("one: 1 user was logged out")
    assert "✗ continuity    1 user: 1 logged out\n" in lost.stdout
    assert "  one-1  u1  logged out at 1.100 s: POST /me 401 from n1" in lost.stdout


def test_no_line_is_wider_than_a_terminal(tmp_path: Path) -> None:
    said = judge(experiment(tmp_path, LOST)).stdout
    assert max(map(len, said.splitlines())) <= 80


def test_the_bounds_that_a_run_was_given_are_judged_again(tmp_path: Path) -> None:
    bounds = [{"figure": "lost", "text": "lost <= 1", "met": None, "saw": "?"}]
    allowed = judge(experiment(tmp_path / "a", LOST, bounds=bounds))
    assert allowed.exit_code == 0, allowed.output
    assert "✓ lost <= 1: 1\n" in allowed.stdout
    bounds[0]["text"] = "lost <= 0"
    assert judge(experiment(tmp_path / "b", LOST, bounds=bounds)).exit_code == 1
    fine = judge(experiment(tmp_path / "c", FINE, bounds=bounds), "--only", "latency")
    assert (fine.exit_code, "lost" in fine.stdout) == (0, False), "nobody knows who was lost"


def test_identity_is_1_whatever_a_bound_allows(tmp_path: Path) -> None:
    bounds = [{"figure": "lost", "text": "lost <= 9"}]
    other = replace(ME, user="u2", invoked=1.4, completed=1.5)
    assert judge(experiment(tmp_path, [*FINE, other], bounds=bounds)).exit_code == 1


def test_the_findings_and_the_operations_are_written_for_machines(tmp_path: Path) -> None:
    run, found = experiment(tmp_path / "run", LOST), tmp_path / "a.json"
    lines = tmp_path / "a.jsonl"
    assert judge(run, "--json", found, "--jsonl", lines).exit_code == 1
    said = json.loads(found.read_text())
    assert (said["schema"], said["exit_status"]) == (2, 1)
    (scenario,) = said["scenarios"]
    assert (scenario["name"], scenario["operations"], scenario["outcome"]) == ("one", 3, "broken")
    by_check = {finding["check"]: finding for finding in scenario["findings"]}
    assert by_check["continuity"]["figures"]["logged_out"] == 1
    assert list(History.from_jsonl(lines.read_text())) == LOST
    to_stdout = judge(run, "--json", "-")
    assert json.loads(to_stdout.stdout) == said


def test_a_check_by_name_and_no_such_check(tmp_path: Path) -> None:
    run = experiment(tmp_path, FINE)
    assert "latency" in judge(run, "--only", "latency").stdout
    refused = judge(run, "--only", "lateness").exception
    assert isinstance(refused, UsageError)
    assert "lateness" in str(refused)
    assert "latency" in refused.hint


def test_the_latest_run_of_a_name_and_the_cells_of_a_matrix_are_found(tmp_path: Path) -> None:
    experiment(tmp_path / "runs/1", FINE)
    (tmp_path / "runs/latest").symlink_to("1")
    assert judge(tmp_path / "runs").exit_code == 0
    experiment(tmp_path / "matrix/a", FINE)
    experiment(tmp_path / "matrix/b", LOST)
    (tmp_path / "matrix/run.json").write_text("{}")
    both = judge(tmp_path / "matrix")
    assert both.exit_code == 1
    assert both.stdout.count("continuity    1 user: 1 ") == 2


def test_a_run_that_never_came_to_its_end_is_judged(tmp_path: Path) -> None:
    run = experiment(tmp_path, FINE)
    (run / "run.json").unlink()
    with (run / "events.jsonl").open("a") as events:
        events.write('{"at": 1.0, "kind": "node.ki')
    done = judge(run)
    assert done.exit_code == 3, done.output
    words = " ".join(done.stdout.split())
    assert "one: run.json is not of a run that has ended: its bounds are not known" in words
    assert "events.jsonl ends in the middle of a line: judged up to there" in words


@pytest.mark.parametrize(
    ("operations", "run", "status", "says"),
    [
        (FINE, {"interrupted": True}, 3, "nobody knows one: 1 user: 1 kept"),
        (LOST, {"interrupted": True}, 1, "nobody knows one: 1 user was logged out"),
        (FINE, {"trouble": "no descriptor left"}, 3, "nothing is said of users: no descriptor"),
        (LOST, {"trouble": "no descriptor left"}, 3, "nothing is said of users: no descriptor"),
    ],
)
def test_what_was_interrupted_or_in_trouble_is_no_pass(
    tmp_path: Path, operations: list[Operation], run: dict[str, object], status: int, says: str
) -> None:
    bounds = [{"figure": "lost", "text": "lost <= 0"}]
    done = judge(experiment(tmp_path, operations, bounds=bounds, **run))
    said = " ".join(done.stdout.split())
    assert (done.exit_code, says in said) == (status, True), done.output


def test_a_packed_history_that_was_cut_is_judged_up_to_there(tmp_path: Path) -> None:
    run = experiment(tmp_path, LOST)
    path = next(path for path in (run / "history").glob("*.ops") if path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1])
    done = judge(run)
    assert done.exit_code == 3, "the last of its operations, at which somebody was lost, is gone"
    said = " ".join(done.stdout.split())
    assert said.startswith(f"one: history/{path.name} ends in the middle of a block: judged up to")


def test_a_history_in_lines_that_was_cut_is_judged_up_to_there(tmp_path: Path) -> None:
    done = judge(story(tmp_path, History(LOST).to_jsonl()[:-20]))
    assert done.exit_code == 3, done.output
    first = "one: one/history.jsonl ends in the middle of a line: judged up to there"
    assert done.stdout.startswith(first)


def test_a_story_that_ended_in_an_error_is_no_pass(tmp_path: Path) -> None:
    for operations, status in ((FINE, 3), (LOST, 1)):
        run = tmp_path / str(status)
        run.mkdir()
        story(run, History(operations).to_jsonl())
        told = {"scenarios": [{"name": "one", "outcome": "error", "reason": "no node n9\nn1"}]}
        (run / "run.json").write_text(json.dumps(told))
        done = judge(run)
        assert done.exit_code == status, done.output
        assert done.stdout.startswith("one: it ended in an error, no node n9: judged up to there")


def test_a_line_in_the_middle_that_cannot_be_read_is_no_cut(tmp_path: Path) -> None:
    done = judge(story(tmp_path, "{\n" + History(FINE).to_jsonl()))
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize(
    ("name", "text"),
    [("history/history.json", '{"schema": 9, "shards": 2}'), ("run.json", '{"schema": 9}')],
)
def test_a_newer_schema_is_refused_with_what_to_do(tmp_path: Path, name: str, text: str) -> None:
    run = experiment(tmp_path, FINE)
    (run / name).write_text(text)
    refused = judge(run).exception
    assert isinstance(refused, UsageError)
    assert (refused.exit_status, "schema 9" in str(refused)) == (2, True)
    assert "newer" in refused.hint


@pytest.mark.parametrize("name", ["", "<script>", "ü\nx", "\x1b[31mred", "a.1"])
def test_users_of_odd_names_are_judged_and_move_no_cursor(tmp_path: Path, name: str) -> None:
    odd = [replace(op, client=name, user=name if op.user else None) for op in LOST]
    done = judge(experiment(tmp_path, odd), "--each")
    assert done.exit_code == 1, done.output
    assert "1 logged out" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("where", ["nosuch", "."])
def test_a_folder_without_a_run_is_refused(tmp_path: Path, where: str) -> None:
    refused = judge(tmp_path / where).exception
    assert isinstance(refused, UsageError)
    assert "no run" in str(refused)


def test_a_history_without_operations_shows_nothing(tmp_path: Path) -> None:
    done = judge(experiment(tmp_path, []))
    assert done.exit_code == 3, done.output
    assert done.stdout.startswith("one: nobody logged in")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    run = experiment(tmp_path, FINE)
    for option in ("--json", "--jsonl"):
        refused = judge(run, option, tmp_path / "no/such/file").exception
        assert isinstance(refused, LabError)
        assert "cannot write" in str(refused)


def test_several_processes_say_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [replace(op, client=f"u{n}", user=op.user and f"u{n}") for n in range(9) for op in LOST]
    run = experiment(tmp_path, sorted(crowd, key=lambda op: op.completed))
    one = judge(run, "--json", "-", "--processes", "1").stdout
    monkeypatch.setattr(judging, "FEW", 0)
    assert judge(run, "--json", "-", "--processes", "2").stdout == one
