"""Every claim holds on an honest cluster, whatever its size."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sessionlab import scenarios
from sessionlab.lab.events import Events
from sessionlab.lab.reports.as_json import to_json
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run
from sessionlab.lab.verdicts.results import Outcome, RunResult
from tests.scenarios.test_sabotage import CASES

ONE_IS_ENOUGH = {  # they are about a server, or about Redis, a token, the edge
    *("stateless-http", "monolith", "redis-down", "redis-blip", "sticky-scale-out"),
    *("jwt-costs", "two-tabs", "tls-edge"),
}
FOLDER = Path(scenarios.__file__).parent


async def told(nodes: int) -> RunResult:
    return await run(list(installed().values()), Settings(nodes=nodes, seed=nodes), Events())


def assert_that_every_claim_holds_and_can_be_broken(stories: list[dict[str, Any]]) -> None:
    broken = [
        (story["name"], claim)
        for story in stories
        for claim in story["claims"]
        if not claim["holds"]
    ]
    assert not broken
    assert {story["name"]: story["reason"] for story in stories if story["reason"]} == {}
    assert {story["name"]: story["outcome"] for story in stories} == dict.fromkeys(
        installed(), "held"
    )
    for story in stories:
        seen = set().union(*(case.breaks for case in CASES if case.scenario == story["name"]))
        assert seen == set(range(1, len(story["claims"]) + 1)), story["name"]


@pytest.mark.long
@pytest.mark.timeout(180)  # all scenarios, on whatever this machine has to do besides
async def test_every_claim_holds_on_five_nodes_and_is_one_that_sabotage_breaks() -> None:
    """On three below; on two, which any balancer and fabric has, in `test_balancers_page`."""
    result = json.loads(to_json(await told(5)))
    assert_that_every_claim_holds_and_can_be_broken(result["scenarios"])


@pytest.mark.timeout(180)
def test_every_claim_holds_when_the_command_tells_all_stories(tmp_path: Path) -> None:
    report = tmp_path / "run.json"
    arguments = ["run", "--all", "--seed=3", "--json", str(report)]
    command = [sys.executable, "-m", "sessionlab.lab", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ sticky " in done.stdout
    assert_that_every_claim_holds_and_can_be_broken(json.loads(report.read_text())["scenarios"])


@pytest.mark.timeout(180)
async def test_on_one_node_a_story_holds_or_says_why_it_cannot_be_told() -> None:
    result = await told(1)
    held = {story.name for story in result.scenarios if story.outcome is Outcome.HELD}
    assert held == ONE_IS_ENOUGH
    for story in result.scenarios:
        if installed()[story.name].least_nodes > 1:
            assert (story.outcome, story.reason) == (
                Outcome.SKIPPED,
                "it takes at least 2 nodes to show this",
            )
        else:
            assert story.outcome is Outcome.HELD, story


def test_what_is_expected_follows_the_number_of_nodes() -> None:
    """Held with 3 and 5 nodes above, so the values cannot be the same for all."""
    text = (FOLDER / "memory_round_robin.py").read_text()
    assert "lab.nodes" in text


@pytest.mark.parametrize("name", scenarios.ORDER)
def test_a_scenario_starts_with_its_story_and_holds_no_plumbing(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    story = ast.get_docstring(tree)
    assert story
    assert len(story.split()) > 20
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"sessionlab", "collections.abc"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


def test_a_scenario_s_file_is_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "monolith.py"), "--seed", "3", "--json", "run.json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "✓ as predicted  monolith" in done.stdout
    assert '"seed": 3' in (tmp_path / "run.json").read_text()
