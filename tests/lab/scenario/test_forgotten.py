"""A story that leaves out a step, or does not enter a block, is an error that names the line.

Each is told beside two others, as a run tells them; `lab.cli.test_command` has one of each kind on
the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.events import Events
from sessionlab.lab.scenario.finding import chosen
from sessionlab.lab.scenario.lab import Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.verdicts.results import Outcome, ScenarioResult
from sessionlab.lab.waiting import side_by_side

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = """
import asyncio
from sessionlab import Client, Lab, scenario

KEPT = []

@scenario("mine", "a story of my own")
async def mine(lab: Lab) -> None:
    async with lab.cluster() as cluster:
{body}
    lab.claim("one is one", expected=1, observed=1)
"""

FORGOTTEN = {
    "a step": ['cluster.stop("n1")'],
    "a request": ["cluster.client('alice').me()"],
    "everyone": ["lab.everyone(cluster.clients(2), Client.login)"],
    "in a task": [
        "async def part():",
        '    cluster.stop("n1")',
        "await asyncio.create_task(part())",
    ],
    "in everyone": [
        "async def does(client):",
        "    client.me()",
        "    return await client.login()",
        "await lab.everyone(cluster.clients(2), does)",
    ],
    "kept in a variable": ['done = cluster.stop("n1")'],
    "kept for ever": ['KEPT.append(cluster.stop("n1"))'],
    "in a circle": ['it = [cluster.stop("n1")]', "it.append(it)", "del it"],
    "and then it fails": ['cluster.stop("n1").status'],
}
BLOCKS = ['lab.fault("kill-node", cluster)', "lab.asking(cluster.clients(1), Client.me)"]


async def told(path: Path, body: list[str], fabric: LocalFabric) -> ScenarioResult:
    """What comes of the story; two others must hold beside it."""
    path.write_text(STORY.format(body="\n".join(f"        {line}" for line in body)))
    stories = chosen([str(path), "monolith", "stateless-http"])
    first, *others = await side_by_side(
        [run_one(story, Settings(nodes=3), fabric, Events()) for story in stories]
    )
    assert all(other.outcome is Outcome.HELD for other in others), others
    return first


@pytest.mark.parametrize("body", FORGOTTEN.values(), ids=FORGOTTEN)
async def test_a_forgotten_await_is_an_error_that_names_its_line(
    body: list[str], fabric: LocalFabric, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "mine.py"
    result = await told(path, body, fabric)
    ((line, text),) = [
        (number, text.strip())
        for number, text in enumerate(path.read_text().splitlines(), 1)
        if "cluster.stop" in text or ".me()" in text or "    lab.everyone" in text
    ]
    assert (result.outcome, result.exit_status) == (Outcome.ERROR, 3)
    assert result.reason is not None
    assert f"mine.py:{line}: `{text}` was never awaited, so it was not done" in result.reason
    assert not recwarn.list


async def test_what_a_story_made_ready_before_it_was_skipped_is_not_forgotten(
    fabric: LocalFabric, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    body = [
        "from sessionlab.lab.errors import Skip",
        "ready = [cluster.stop('n1')]",
        "raise Skip('not here')",
    ]
    result = await told(tmp_path / "mine.py", body, fabric)
    assert (result.outcome, result.exit_status) == (Outcome.SKIPPED, 0)
    assert result.reason == "not here"
    assert not recwarn.list


@pytest.mark.parametrize("block", BLOCKS)
async def test_a_block_that_is_not_entered_is_an_error_that_names_its_line(
    block: str, fabric: LocalFabric, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    result = await told(path, [block], fabric)
    line = path.read_text().splitlines().index(f"        {block}") + 1
    assert (result.outcome, result.exit_status) == (Outcome.ERROR, 3)
    assert result.reason is not None
    assert f"mine.py:{line}: `{block}` was never entered, so it was not done" in result.reason
    assert "write `async with` in front of it" in result.reason
