"""The command `sessionlab check`, as it is typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import LabError

SHOP = Path(__file__).parents[2] / "check" / "shop"
LINES = (
    *("--run", "python3 shop.py {host} {port}"),
    *("--login", "POST /login username={user} password={password}"),
    *("--me", "GET /me json:user"),
)


def check(*words: str) -> Result:
    return CliRunner().invoke(app, ["check", *words])


def test_lines_stand_for_a_recipe_which_is_saved_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SHOP / "shop.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SESSIONS", "memory")
    few = ("--affinity", "cookie", "--ordeal", "ask", "--copies", "2")
    first = check(*LINES, *few, "--save", "sessionlab.toml", "--json", "-")
    assert first.exit_code == 0, first.output
    said = json.loads(first.stdout)
    assert said["cells"][0]["users"]["kept"] == 7
    assert "saved as sessionlab.toml" in first.stderr
    again = check("sessionlab.toml", *few)
    assert "7 kept" in again.stdout
    assert not again.stderr, "no progress where nobody looks"


def test_a_bound_that_is_not_met_is_status_1_and_all_is_written(tmp_path: Path) -> None:
    folder, junit, summary = tmp_path / "run", tmp_path / "junit.xml", tmp_path / "summary.md"
    words = ("--variant", "bounds", "--affinity", "cookie", "--copies", "2", "--seed", "1")
    outputs = ("--out", str(folder), "--junit", str(junit), "--summary", str(summary))
    check(str(SHOP), *words, "--ordeal", "ask", "--out", str(folder))  # to be replaced
    result = check(str(SHOP), *words, "--ordeal", "deploy", *outputs)
    assert result.exit_code == 1, result.output
    assert "NO deploy.logged_out <= 0 (cookie: 7)" in result.stdout
    assert "failure" in junit.read_text()
    assert "7 logged out" in summary.read_text()
    assert json.loads((folder / "check.json").read_text())["outcome"] == "broken"
    judged = CliRunner().invoke(app, ["judge", str(folder)])
    assert judged.exit_code == 1
    # By one cause or by several: the pins of a node whose drain is over go a moment before it.
    assert re.search(r"shop-bounds-cookie-deploy: \d of 7 users w.* logged out", judged.stdout)
    assert "continuity    7 users: 7 logged out" in judged.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nothing to check"),
        ((str(SHOP), *LINES), "exclude each other"),
        ((str(SHOP), "--variant", "nosuch"), "no variant 'nosuch'"),
        ((str(SHOP / "nosuch.toml"),), "cannot read"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], says: str) -> None:
    result = check(*words)
    assert isinstance(result.exception, LabError)
    assert result.exception.exit_status == 2
    assert says in str(result.exception)


def test_an_app_that_does_not_start_is_status_3_and_no_verdict(tmp_path: Path) -> None:
    recipe = tmp_path / "sessionlab.toml"
    recipe.write_text(
        'name = "shop"\n[app]\nrun = ["python3", "-c", "exit(\'no database\')", "{port}"]\n'
        '[me]\nget = "/me"\nuser = {json = "user"}\n'
    )
    result = check(str(recipe))
    assert result.exit_code == 3
    assert "no database" in result.stdout
    assert "sessions live" not in result.stdout


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    mark = f"SHOP_MARK={tmp_path}"
    out = tmp_path / "check.json"
    words = [sys.executable, "-m", "sessionlab.lab", "check", str(SHOP), "--json", str(out)]
    environment = {**os.environ, "SHOP_MARK": str(tmp_path)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE) as run:
        while len(_with(mark, "shop.py")) < 3:
            assert run.poll() is None, "it has ended by itself"
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        assert b"everything that was started is gone" in run.communicate(timeout=30)[1]
    assert run.returncode == 130
    assert _with(mark) == []
    assert json.loads(out.read_text())["trouble"] == "it has not ended"


def _with(mark: str, word: str = "") -> list[str]:
    """The processes that have that in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_text()
                found += [entry.name] if word in command else []
        except OSError:
            continue
    return found
