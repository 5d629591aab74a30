"""The action for GitHub: what its files say, and its steps run as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.installed import needs

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", "action.yml"), ("github-workflows", ".github/workflows/ci.yml")],
)
def test_a_file_is_what_its_schema_says(schema: str, path: str) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    checked = subprocess.run([*checker, ROOT / path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_what_a_user_types_reaches_a_step_as_a_variable_and_never_as_code() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


class Runner:
    """As much of a runner as the action can see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        self.output = folder / "output"

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        (step,) = (one for one in ACTION["runs"]["steps"] if one["name"] == name)
        given = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
        variables = {name: self._value(text, given) for name, text in step["env"].items()}
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            env={
                **os.environ,
                **variables,
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_OUTPUT": str(self.output),
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    @staticmethod
    def _value(text: str, inputs: dict[str, str]) -> str:
        known = {"github.action_path": str(ROOT)}
        known |= {f"inputs.{name}": value for name, value in inputs.items()}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner on which the lab is installed: this one."""
    (tmp_path / "sessionlab" / "bin").mkdir(parents=True)
    command = Path(sys.executable).parent / "sessionlab"
    (tmp_path / "sessionlab" / "bin" / "sessionlab").symlink_to(command)
    return Runner(tmp_path)


def test_the_scenarios_run_and_their_table_is_in_the_job_s_summary(runner: Runner) -> None:
    runner.summary.write_text("what an earlier step wrote\n")
    wanted = {"scenarios": "monolith memory-round-robin", "nodes": "2", "seed": "7"}
    done = runner.run("Run the scenarios", **wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = runner.summary.read_text()
    assert summary.startswith("what an earlier step wrote\n### All 2 scenarios went as predicted\n")
    assert "| ✅ as predicted | <code>memory-round-robin</code> | 3 of 3 |" in summary
    path = runner.output.read_text().strip().removeprefix("json=")
    result = json.loads(Path(path).read_text())
    assert (result["seed"], len(result["scenarios"])) == (7, 2)


def test_a_broken_claim_fails_the_job_and_is_in_its_summary(runner: Runner) -> None:
    story = 'from sessionlab import scenario\n@scenario("mine", "Mine")\nasync def mine(lab):\n'
    (runner.folder / "mine.py").write_text(story + "    lab.claim('one', expected=1, observed=2)\n")
    assert runner.run("Run the scenarios", scenarios="mine.py").returncode == 1
    summary = runner.summary.read_text()
    assert summary.startswith("### 1 of 1 scenario did not go as predicted: mine\n")
    assert "| ❌ not as predicted | <code>mine</code> | 0 of 1 | Mine |" in summary


def test_a_job_in_which_nothing_was_judged_fails_unless_that_is_allowed(runner: Runner) -> None:
    alone = {"scenarios": "sticky-node-dies", "nodes": "1"}
    assert runner.run("Run the scenarios", **alone).returncode == 3
    assert runner.run("Run the scenarios", **alone, **{"allow-skips": "true"}).returncode == 0


def test_a_recipe_is_checked_in_the_place_of_scenarios(tmp_path: Path) -> None:
    command = tmp_path / "sessionlab" / "bin" / "sessionlab"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    wanted = {"recipe": "my shop/sessionlab.toml", "variant": "redis db", "affinity": "learn:*"}
    done = Runner(tmp_path).run("Check the app", **wanted, seed="7")
    asked = ["check", "my shop/sessionlab.toml", "--variant", "redis", "--variant", "db"]
    asked += ["--affinity", "learn:*", "--fabric", "local", "--balancer", "builtin"]
    assert done.stdout.splitlines()[:-4] == [*asked, "--copies", "3", "--seed", "7"]
    of_step = {step["name"]: step.get("if") for step in ACTION["runs"]["steps"]}
    assert of_step["Check the app"] == "inputs.recipe != ''"
    assert of_step["Run the scenarios"] == "inputs.recipe == ''"


def test_what_a_user_types_is_not_run(runner: Runner) -> None:
    done = runner.run("Run the scenarios", scenarios="$(touch pwned)", seed="1; touch pwned")
    assert done.returncode == 2
    assert not (runner.folder / "pwned").exists()


@needs("haproxy")
@pytest.mark.timeout(300)
def test_it_installs_itself_from_nothing_but_its_checkout(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    installed = runner.run("Install sessionlab", python=sys.executable, balancer="haproxy")
    assert installed.returncode == 0, installed.stderr
    done = runner.run("Run the scenarios", scenarios="memory-round-robin", balancer="haproxy")
    assert done.returncode == 0, done.stdout + done.stderr
