"""`sessionlab run FILE.toml`, as it is typed: a real process, its output, its exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import in_process

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = str(Path(sys.executable).parent / "sessionlab")
FILE = """
name = "mine"
seed = 5
[cluster]
strategy = "{strategy}"
nodes = 2
affinity = "{affinity}"
[workload]
users = 10
seconds = {seconds}
think = 0.02
life = {{logout = 0}}
[bounds]
lost = 0
{more}
"""
ENVIRONMENT = {**os.environ, "COLUMNS": "80"}


def written(
    folder: Path,
    strategy: str = "redis",
    affinity: str = "none",
    seconds: float = 1.5,
    more: str = "",
) -> Path:
    path = folder / "mine.toml"
    text = FILE.format(strategy=strategy, affinity=affinity, seconds=seconds, more=more)
    path.write_text(text, encoding="utf-8")
    return path


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "run", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=ENVIRONMENT,
    )


def test_nobody_is_lost_and_all_that_happened_is_kept(tmp_path: Path) -> None:
    done = run(tmp_path, written(tmp_path), "--junit", "x.xml", "--summary", "x.md", "--json", "x")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80 + len(str(tmp_path))
    lines = done.stdout.splitlines()
    assert "users for 1.5 s; seed 5" in lines[0]
    assert any(line.startswith("nobody was lost: ") for line in lines)
    assert any("s left" in line for line in lines), "plain lines while it lasts"
    assert "sessionlab run" in done.stdout
    folder = tmp_path / "runs" / "mine" / "latest"
    assert folder.resolve().stat().st_mode & 0o777 == 0o700
    told = json.loads((folder / "run.json").read_text())
    assert told == json.loads((tmp_path / "x").read_text())
    assert (told["schema"], told["seed"], told["outcome"]) == (2, 5, "held")
    assert told["told"]["strategies"] == {"app": "redis"}
    assert 0 < told["began"] < told["ended"]
    assert told["generator"]["operations"] > 20
    assert (folder / "experiment.toml").read_text() == (tmp_path / "mine.toml").read_text()
    assert list((folder / "history").glob("*.ops"))
    assert (folder / "mine-1" / "n1.log").exists()
    assert "<testsuite " in (tmp_path / "x.xml").read_text()
    assert "nobody was lost" in (tmp_path / "x.md").read_text()
    words = [COMMAND, "judge", str(folder), "--json", str(tmp_path / "judged")]
    subprocess.run(words, check=True, capture_output=True)
    judged = (tmp_path / "judged").read_text()
    for finding in told["findings"]:
        assert json.dumps(finding["said"], ensure_ascii=False) in judged, "again, without a cluster"


def test_who_was_lost_is_the_first_thing_said_and_status_1(tmp_path: Path) -> None:
    done = run(tmp_path, written(tmp_path, "memory"), "--out", "here")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "10 of 10 users were logged out: they were sent to another node" in " ".join(
        done.stdout.split()
    )
    assert "✗ lost <= 0" in done.stdout
    assert json.loads((tmp_path / "here" / "run.json").read_text())["exit_status"] == 1


MATRIX = '[matrix]\nstrategy = ["memory", "redis"]\naffinity = ["none", "cookie"]'


def test_a_matrix_has_a_line_for_each_cell_and_can_be_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, seconds=1, more=MATRIX)
    done = run(tmp_path, path, "--out", "here")
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.splitlines()
    cells = [tuple(line.split()[:2]) for line in said if line[:1] in "✓✗" and "-" in line[:20]]
    assert set(cells) == {  # who was disturbed, on a busy machine, has another line
        ("✗", "memory-none"),
        ("✓", "memory-cookie"),
        ("✓", "redis-none"),
        ("✓", "redis-cookie"),
    }
    assert "3 of 4 cells held" in done.stdout
    whole = json.loads((tmp_path / "here" / "run.json").read_text())
    assert [cell["exit_status"] for cell in whole["cells"]] == [1, 0, 0, 0]
    assert all("idle" in cell for cell in whole["cells"])

    (tmp_path / "here" / "redis-none" / "run.json").unlink()  # as of a crash
    kept = (tmp_path / "here" / "memory-none" / "run.json").stat().st_mtime_ns
    again = run(tmp_path, path, "--out", "here", "--resume")
    assert again.returncode == 1, again.stdout + again.stderr
    assert (tmp_path / "here" / "redis-none" / "run.json").exists()
    assert (tmp_path / "here" / "memory-none" / "run.json").stat().st_mtime_ns == kept
    assert "3 of 4 cells held" in again.stdout


FREEZE = '[[fault]]\nfault = "freeze-balancer"\nat = 0.5'


@pytest.mark.parametrize(
    ("signum", "fault"), [(signal.SIGINT, ""), (signal.SIGTERM, ""), (signal.SIGINT, FREEZE)]
)
def test_what_is_interrupted_ends_in_order_and_what_is_known_is_kept(
    tmp_path: Path, signum: signal.Signals, fault: str
) -> None:
    words = [COMMAND, "run", str(written(tmp_path, seconds=60, more=fault)), "--out", "here"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    history, events = tmp_path / "here" / "history", tmp_path / "here" / "events.jsonl"
    end = time.monotonic() + 30
    while not any(path.stat().st_size for path in history.glob("*.ops")) or (
        fault and "part.paused" not in events.read_text()
    ):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signum)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signum, out.decode() + err.decode()
    assert "interrupted" in err.decode()
    told = json.loads((tmp_path / "here" / "run.json").read_text())
    assert told["interrupted"] is True
    assert told["findings"], "what is known is judged"
    assert "as far as this run goes: " in out.decode()
    assert "nobody was lost" not in out.decode()
    judged = in_process.sessionlab("judge", tmp_path / "here")
    assert (judged.returncode, "it was interrupted" in judged.stdout) == (3, True), judged.stdout


REFUSED: list[tuple[Sequence[str], str]] = [
    (["--all"], "--all is of scenarios"),
    (["--allow-skips"], "--allow-skips is of scenarios"),
    (["sticky"], "an experiment is run by itself"),
    (["--json", "/no/such/folder/x.json"], "cannot write /no/such/folder/x.json"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: list[str], says: str) -> None:
    done = in_process.sessionlab("run", written(tmp_path), *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_to_go_on_is_of_experiments() -> None:
    done = in_process.sessionlab("run", "sticky", "--resume")
    assert (done.returncode, "--resume is of experiments" in done.stderr) == (2, True)


def test_a_malformed_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = written(tmp_path, more="lsot = 0")
    done = in_process.sessionlab("run", path, "--out", tmp_path / "here")
    assert done.returncode == 2
    assert "no check has a figure 'lsot'" in done.stderr
    assert not (tmp_path / "here").exists()
