"""The command as a user meets it: a real process, its output and its exit status."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.scenario import finding
from sessionlab.lab.scenario.scenario import Scenario
from tests import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab import Lab

COMMAND = [str(Path(sys.executable).parent / "sessionlab")]

STORY = """
from sessionlab import Lab, main, scenario

@scenario("mine", "a story of my own")
async def mine(lab: Lab) -> None:
{body}
"""


def sessionlab(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80"},
    )


def story(folder: Path, *body: str) -> Path:
    path = folder / "mine.py"
    path.write_text(STORY.format(body="\n".join(f"    {line}" for line in body)))
    return path


@pytest.fixture(autouse=True)
def nothing_is_left(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Whatever a test does to the lab, no file of it is left and no process with its mark."""
    folder = tmp_path_factory.mktemp("tmp")
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    end = time.monotonic() + 10
    while left(folder) and time.monotonic() < end:
        time.sleep(0.01)
    assert left(folder) == []


def left(folder: Path) -> list[str]:
    """What runs below this TMPDIR have left: their folders, and the processes that use it."""
    found = [str(path) for path in folder.glob("sessionlab-*/*")]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
    return found


def test_help_teaches_the_verbs_and_the_exit_status() -> None:
    done = sessionlab("--help")
    assert done.returncode == 0
    for word in ("run", "list", "up", "down", "Exit status"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


REFUSED = [
    (["run", "stiky"], "did you mean sticky"),
    (["dance"], "No such command"),
    (["run", "--fabric", "moon"], "'moon' is none of: local"),
    (["run", "--balancer", "f5"], "'f5' is none of: builtin"),
    (["run", "sticky", "--all"], "--all and names exclude each other"),
    (["run", "--nodes", "0"], "--nodes"),
    (["run", "--nodes", "many"], "--nodes"),
    (["run", "--frobnicate"], "No such option"),
    (["run", "--json", "/no/such/folder/x.json"], "cannot write /no/such/folder/x.json"),
    (["run", "nowhere.py"], "no file nowhere.py"),
    (["up", "--strategy", "hope"], "'hope' is none of: memory"),
    (["up", "--port", "99999"], "--port"),
]


@pytest.mark.parametrize(("arguments", "complaint"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_the_way_out(
    arguments: list[str], complaint: str
) -> None:
    done = in_process.sessionlab(*arguments)
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.split())


@pytest.mark.parametrize(("arguments", "complaint"), REFUSED[:2])  # ours, and the parser's
def test_a_refusal_is_a_message_and_no_traceback(arguments: list[str], complaint: str) -> None:
    done = sessionlab(*arguments)
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_list_shows_what_there_is() -> None:
    done = sessionlab("list")
    assert done.returncode == 0
    for word in (
        "memory-round-robin",
        "jwt",
        "header:NAME",
        "source",
        "local",
        "kill-node",
        "builtin",
    ):
        assert word in done.stdout
    assert "nobody out (slower: by name, or with --all)" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_broken_claim_is_exit_status_1_in_every_report(tmp_path: Path) -> None:
    path = story(tmp_path, 'lab.claim("two is one", expected=1, observed=2)')
    done = sessionlab(
        "run", path, "--junit", "j.xml", "--json", "j.json", "--out", "o", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "✗ not as predicted: two is one" in done.stdout
    assert "\x1b" not in done.stdout
    assert json.loads((tmp_path / "j.json").read_text())["scenarios"][0]["outcome"] == "broken"
    assert "<failure" in (tmp_path / "j.xml").read_text()
    assert (tmp_path / "o" / "run.json").exists()


def test_json_on_standard_output_is_nothing_but_json(tmp_path: Path) -> None:
    path = story(tmp_path, 'lab.claim("one is one", expected=1, observed=1)')
    done = sessionlab("run", path, "--json", "-")
    assert done.returncode == 0
    assert json.loads(done.stdout)["scenarios"][0]["outcome"] == "held"
    assert "✓ as predicted  mine" in done.stderr


def test_a_story_that_fails_is_an_error_with_its_traceback_and_ends_no_other(
    tmp_path: Path,
) -> None:
    done = sessionlab("run", story(tmp_path, "1 / 0"), "monolith")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "✓ monolith" in done.stdout


def test_a_story_without_a_claim_does_not_pass(tmp_path: Path) -> None:
    done = sessionlab("run", story(tmp_path, "async with lab.cluster(nodes=1):", "    pass"))
    assert done.returncode == 3
    assert "claims nothing" in done.stdout
    silent = story(tmp_path, "pass")
    assert in_process.sessionlab("run", silent, "--allow-skips").returncode == 3


SKIPS = ("from sessionlab import Skip", 'raise Skip("not on this cluster")')


@pytest.mark.parametrize("arguments", [["sticky-node-dies", "--nodes", "1"], ["mine.py"]])
def test_a_run_that_judged_nothing_is_exit_status_3_unless_that_is_allowed(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    story(tmp_path, *SKIPS)
    done = sessionlab("run", *arguments)
    assert done.returncode == 3
    assert "0 of 0 predictions came true" in done.stdout
    assert "nothing was judged; --allow-skips" in " ".join(done.stdout.split())
    allowed = in_process.sessionlab("run", *arguments, "--allow-skips")
    assert allowed.returncode == 0
    assert "--allow-skips" not in allowed.stdout


def test_where_nothing_stands_behind_the_balancer_that_was_asked_for_nothing_is_shown_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    summary = tmp_path / "summary.md"
    done = sessionlab("run", "monolith", "--balancer", "nginx", "--summary", str(summary))
    assert done.returncode == 3
    assert "nothing is shown of nginx: no cluster of this run has a balancer" in done.stdout
    assert "Nothing is shown of nginx" in summary.read_text()


def test_a_bare_run_says_that_it_has_left_out_the_slower_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def holds(lab: Lab) -> None:
        lab.claim("one is one", expected=1, observed=1)

    stories = [Scenario("quick", "t", holds), Scenario("slower", "t", holds, slow=True)]
    offered = {story.name: story for story in stories}
    monkeypatch.setattr(finding, "offered", lambda: (offered, {}))
    done = in_process.sessionlab("run")
    assert done.returncode == 0, done.stdout
    assert "✓ as predicted  quick " in done.stdout
    assert "slower " not in done.stdout.replace("1 slower scenario left", "")
    assert done.stdout.splitlines()[-1] == "1 slower scenario left out: `--all` tells it too"
    everything = in_process.sessionlab("run", "--all")
    assert "✓ slower " in everything.stdout
    assert re.search(r"run --all --verbose +the same in full\n", everything.stdout)
    some = in_process.sessionlab("run", "quick", "slower", "--nodes", "2")
    assert re.search(r"run quick slower --nodes 2 --verbose +the same in full\n", some.stdout)
    assert "left out" not in everything.stdout


def test_one_story_that_is_skipped_among_others_that_hold_is_no_failure(tmp_path: Path) -> None:
    done = in_process.sessionlab("run", "monolith", story(tmp_path, *SKIPS))
    assert done.returncode == 0
    assert "1 as predicted, 1 skipped" in done.stdout


def test_a_story_that_was_skipped_after_it_had_shown_something_has_been_judged(
    tmp_path: Path,
) -> None:
    path = story(tmp_path, 'lab.claim("one is one", expected=1, observed=1)', *SKIPS)
    assert in_process.sessionlab("run", path).returncode == 0


def test_an_earlier_run_in_the_folder_is_replaced_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    in_process.sessionlab("run", "monolith", "stateless-http", "--out", "runs")
    assert (tmp_path / "runs" / "stateless-http" / "history.jsonl").exists()
    again = ("run", "monolith", "--out", "runs", "--json", "runs/mine.json")
    assert in_process.sessionlab(*again).returncode == 0
    assert sessionlab(*again).returncode == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "events.jsonl",
        "junit.xml",
        "mine.json",
        "monolith",
        "run.json",
    ]
    (tmp_path / "runs" / "monolith" / "notes.txt").write_text("mine")
    refused = in_process.sessionlab("run", "stateless-http", "--out", "runs")
    assert refused.returncode == 2
    assert "notes.txt" in refused.stderr
    assert (tmp_path / "runs" / "monolith" / "history.jsonl").exists(), "nothing was touched"


def test_a_node_that_will_not_start_is_exit_status_3_with_its_last_lines(tmp_path: Path) -> None:
    path = story(tmp_path, 'async with lab.cluster(options={"idle": "soon"}):', "    pass")
    done = sessionlab("run", path)
    assert done.returncode == 3
    assert "ended with exit status 2; its last lines:" in done.stdout
    assert "'--idle'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_port_that_is_taken_is_exit_status_3() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        done = sessionlab("up", "--port", str(server.getsockname()[1]))
    assert done.returncode == 3
    assert "cannot be had" in done.stderr
    assert "choose another port" in done.stderr


def test_a_redis_that_does_not_answer_is_exit_status_3() -> None:
    done = sessionlab("up", "--redis-url", "redis://:hush@127.0.0.1:1/0")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.parametrize(
    ("signum", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
@pytest.mark.parametrize("verb", ["run", "up"])
def test_a_signal_clears_everything_away(signum: int, status: int, verb: str) -> None:
    arguments = ["up", "--strategy", "redis"] if verb == "up" else ["run"]
    lab = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert lab.stdout is not None
    lab.stdout.readline()  # a cluster is up, or a run has begun
    if verb == "run":
        while not lab.stdout.readline().startswith("✓ stateless-http"):
            pass
    lab.send_signal(signum)
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == status
    assert "Traceback" not in said


@pytest.mark.parametrize("strategy", ["memory", "redis", "jwt"])
def test_the_commands_that_up_prints_log_in_and_are_recognised(
    strategy: str, tmp_path: Path
) -> None:
    lab = subprocess.Popen(
        [*COMMAND, "up", "--strategy", strategy, "--affinity", "cookie"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert lab.stdout is not None
    try:
        printed: list[str] = []
        while not printed or "Ctrl-C" not in printed[-1]:
            printed.append(lab.stdout.readline())
        lines = printed[printed.index("Try, in another terminal:\n") + 1 : -1]
        done = subprocess.run(
            ["/bin/sh", "-e"],
            input="".join(lines),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd=tmp_path,
        )
    finally:
        lab.terminate()
        lab.communicate(timeout=30)
    assert max(map(len, printed)) <= 81
    assert '"user": "alice"' in done.stdout.splitlines()[-1].rpartition("}{")[2], done.stderr
    assert lab.returncode == 143


def test_down_finds_nothing_where_nothing_was_left() -> None:
    sessionlab("down")  # of whoever was here before
    done = sessionlab("down")
    assert done.returncode == 0
    assert "nothing was left behind" in done.stdout


def test_down_leaves_a_running_lab_alone_and_names_it() -> None:
    lab = subprocess.Popen([*COMMAND, "up"], stdout=subprocess.PIPE, text=True)
    try:
        assert lab.stdout is not None
        lab.stdout.readline()
        done = sessionlab("down")
        assert f"to end it: kill {lab.pid}" in done.stdout
        assert lab.poll() is None
    finally:
        lab.terminate()
        lab.communicate(timeout=30)


def test_a_forgotten_await_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    forgets = 'cluster.stop("n1")'
    path = story(
        tmp_path,
        "async with lab.cluster() as cluster:",
        f"    {forgets}",
        'lab.claim("one is one", expected=1, observed=1)',
    )
    line = path.read_text().splitlines().index(f"        {forgets}") + 1
    done = sessionlab("run", path, "monolith", "--json", "run.json", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"mine.py:{line}: `{forgets}` was never awaited" in " ".join(done.stdout.split())
    assert "✓ monolith" in done.stdout
    assert "Warning" not in done.stderr
    first, other = json.loads((tmp_path / "run.json").read_text())["scenarios"]
    assert (first["outcome"], other["outcome"]) == ("error", "held")


def test_a_block_that_is_not_entered_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    block = 'lab.fault("kill-node", cluster)'
    path = story(
        tmp_path,
        "async with lab.cluster() as cluster:",
        f"    {block}",
        'lab.claim("one is one", expected=1, observed=1)',
    )
    line = path.read_text().splitlines().index(f"        {block}") + 1
    done = sessionlab("run", path)
    assert done.returncode == 3, done.stdout + done.stderr
    said = "".join(done.stdout.split())  # a long folder's name is broken anywhere
    told = f"mine.py:{line}: `{block}` was never entered, so it was not done"
    assert "".join(told.split()) in said
    assert "write`asyncwith`infrontofit" in said
