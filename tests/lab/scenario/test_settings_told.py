"""A setting that cannot be shown is left out and marked; the others are told."""

from __future__ import annotations

import pytest

from sessionlab.lab.errors import Skip
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.reports.table import to_table
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.scenario.scenario import Scenario, Story
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult
from tests.installed import needs

SETTINGS = Settings(balancer="nginx")


async def fits(number: int) -> int:
    return number


async def fits_not(why: str) -> int:
    raise Skip(f"it has no {why}", "take another")


async def told(story: Story) -> ScenarioResult:
    scenario = Scenario("table", "Some settings", story)
    return await run_one(scenario, SETTINGS, LocalFabric(), Events())


async def some_fit(lab: Lab) -> None:
    parts = {"a": fits(1), "b": fits_not("cookie"), "c": fits(3), "d": fits_not("drain")}
    found = await lab.side_by_side(parts)
    for name, number in found.items():
        lab.claim(f"{name} is a number", expected=number, observed=number)
    lab.show(["", "half", "number"], [[name, "–", str(n)] for name, n in found.items()])
    lab.show(["", "why"], [[name, ""] for name in found])
    lab.show(["what", "else"], [["x", "y"]])


async def test_what_fits_is_told_and_what_does_not_is_marked_and_noted() -> None:
    result = await told(some_fit)
    assert (result.outcome, result.reason) == (Outcome.HELD, None)
    assert [claim.text for claim in result.claims] == ["a is a number", "c is a number"]
    settings, reasons, other = result.tables
    assert [list(row) for row in settings.rows] == [
        ["a", "–", "1"],
        ["c", "–", "3"],
        ["b", "–", "not shown"],
        ["d", "–", "not shown"],
    ]
    assert list(reasons.rows[2:]) == [["b", "it has no cookie"], ["d", "it has no drain"]]
    assert list(other.rows) == [["x", "y"]]
    assert result.notes == [
        "b: not shown, it has no cookie",
        "d: not shown, it has no drain",
    ]
    page = to_table([RunResult("local", "nginx", 1, 0.1, [result])])
    assert "| `table` | 2 of 2 (1) |" in page
    assert "1. 2 settings left out: it has no cookie; it has no drain" in page


async def test_where_none_fits_the_story_is_skipped() -> None:
    async def story(lab: Lab) -> None:
        await lab.side_by_side({"a": fits_not("cookie"), "b": fits_not("drain")})

    result = await told(story)
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, "it has no cookie\ntake another")
    assert result.notes == []


async def test_a_story_that_asks_for_what_was_left_out_is_skipped_and_not_broken() -> None:
    async def story(lab: Lab) -> None:
        found = await lab.side_by_side({"a": fits(1), "b": fits_not("cookie")})
        lab.claim("They are equal", expected=found["a"], observed=found["b"])

    result = await told(story)
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, "it has no cookie\ntake another")


async def test_a_setting_that_fails_still_ends_the_story() -> None:
    async def fails() -> int:
        raise ValueError("no")

    async def story(lab: Lab) -> None:
        await lab.side_by_side({"a": fits(1), "b": fails()})

    assert (await told(story)).outcome is Outcome.ERROR


@pytest.mark.balancers
@needs("nginx")
async def test_behind_nginx_a_deploy_tells_the_settings_that_nginx_has() -> None:
    fabric = LocalFabric()
    await fabric.open()

    async def deployed(lab: Lab, affinity: str) -> list[str]:
        async with lab.cluster("memory", nodes=1, affinity=affinity) as cluster:
            return list(cluster.nodes)

    async def story(lab: Lab) -> None:
        kinds = ("none", "cookie", "learn:sid")
        found = await lab.side_by_side({kind: deployed(lab, kind) for kind in kinds})
        lab.claim("It is told", expected={"none": ["n1"]}, observed=dict(found))

    try:
        scenario = Scenario("kinds", "Some settings", story)
        result = await run_one(scenario, SETTINGS, fabric, Events())
    finally:
        await fabric.close()
    assert result.outcome is Outcome.HELD
    assert len(result.notes) == 2
