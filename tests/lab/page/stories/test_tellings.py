"""Stories told for a page on real clusters: what it gets to read is what happened."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Events
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.stories import NewTelling, Telling
from sessionlab.lab.page.stories.tellings import MOST_AT_ONCE, MOST_KEPT, Tellings
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import SETTINGS
from sessionlab.lab.scenario.runner import CUT_SHORT, run_one

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.scenario.lab import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUICK = {"sticky-node-dies", "redis-down", "memory-round-robin"}
SHOP = Path(__file__).parents[2] / "shop/sessionlab.toml"
News = tuple[str, int, str]


@pytest.fixture
def news() -> list[News]:
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def made(fabric: LocalFabric, news: list[News]) -> AsyncIterator[Callable[..., Tellings]]:
    all_made: list[Tellings] = []

    def make(settings: Settings = SETTINGS) -> Tellings:
        tellings = Tellings(fabric, settings, lambda *said: news.append(said))
        all_made.append(tellings)
        return tellings

    yield make
    for tellings in all_made:
        await tellings.close()


async def to_its_end(tellings: Tellings, name: str, seed: int = 1) -> Telling:
    told = tellings.begin(NewTelling(name, seed))
    while told.ending == "telling":
        await asyncio.sleep(0.02)
        found = tellings.telling(told.id)
        assert found
        told = found
    return told


def of(told: Telling, *kinds: str) -> list[str]:
    return [item.text for item in told.items if item.kind in kinds]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long]) for name in installed()],
)
async def test_every_story_is_told_to_its_end_with_the_claims_of_a_run(
    made: Callable[..., Tellings], fabric: LocalFabric, name: str
) -> None:
    told = await to_its_end(made(), name)
    run = await run_one(installed()[name], SETTINGS, fabric, Events())

    assert (told.ending, told.reason) == ("held", "")
    claims = [item for item in told.items if item.kind == "claim"]
    assert [(one.text, one.holds) for one in claims] == [
        (one.text, one.holds) for one in run.claims
    ]
    assert all(one.expected and one.observed for one in claims)
    assert [item.n for item in told.items] == list(range(told.count))
    assert of(told, "cluster"), "what it happens on is told"
    assert all(text and "{" not in text for text in of(told, "step", "event", "note"))
    lines = told.source.splitlines()
    assert all("lab.claim(" in "".join(lines[one.line - 1 : one.line + 1]) for one in claims)
    assert all(one.cluster for one in told.items if one.kind == "request")


async def test_a_story_reads_as_one(made: Callable[..., Tellings]) -> None:
    told = await to_its_end(made(), "sticky-node-dies")

    said = of(told, "cluster", "step", "event")
    victim = next(item.part for item in told.items if item.kind == "event")
    assert said[:5] == [
        "3 nodes, sessions in memory; balancer: round-robin, affinity cookie",
        "10 users log in, all at once",
        f"{victim} is killed: gone at once, with all that was in its memory",
        f"{victim} was killed",
        "10 users ask “who am I?”, all at once, 3 times",
    ]
    assert all(text.endswith("tries to log in") for text in said[5:])
    assert "users were logged out" in of(told, "note")[-1]
    asked = Counter(item.what for item in told.items if item.kind == "request")
    assert asked == {"login": 10 + len(said[5:]), "me": 30}
    refused = next(item for item in told.items if item.how == "refused")
    assert (refused.request, refused.status, refused.pin) == ("GET /me", 401, "DI")
    assert "the pin's node was out of service" in refused.reason


async def test_a_claim_that_does_not_hold_is_told_as_it_was_seen(
    made: Callable[..., Tellings],
) -> None:
    wrong = replace(SETTINGS, sabotage=lambda described: replace(described, affinity="none"))
    told = await to_its_end(made(wrong), "sticky-node-dies")

    assert told.ending == "broken"
    broken = [item for item in told.items if item.kind == "claim" and not item.holds]
    assert broken
    assert all(item.expected != item.observed for item in broken)
    assert '"holds":false' in msgspec.json.encode(told).decode()


@pytest.mark.long
async def test_parts_that_are_told_side_by_side_are_read_one_after_the_other(
    made: Callable[..., Tellings],
) -> None:
    told = await to_its_end(made(), "balancer-restart")

    clusters = [item.cluster for item in told.items if item.cluster]
    assert len([*groupby(clusters)]) == len(set(clusters)) == 4
    assert [item.kind for item in told.items if not item.cluster][:4] == ["claim"] * 4


@pytest.mark.long
async def test_of_many_requests_in_one_step_some_are_left_out_and_counted(
    made: Callable[..., Tellings],
) -> None:
    told = await to_its_end(made(), "keys-per-node")

    shown = sum(item.kind == "request" for item in told.items)
    left_out = sum(item.left_out for item in told.items)
    assert told.left_out == left_out > 0
    assert shown + left_out == 1 + 3 + 1 + 3 + 12 + 8 + 400


async def test_items_are_read_from_any_on_and_news_says_when(
    made: Callable[..., Tellings], news: list[News]
) -> None:
    tellings = made()
    told = await to_its_end(tellings, "memory-round-robin")

    rest = tellings.telling(told.id, told.count - 2)
    assert rest
    assert rest.items == told.items[-2:]
    assert (told.source[:3], rest.source) == ('"""', "")
    assert news[-1] == (told.id, told.count, "held")
    assert len(news) < 10
    nonsense = tellings.telling(told.id, -5)
    assert nonsense
    assert nonsense.items == told.items
    assert tellings.telling("of an earlier page") is None


async def test_two_are_told_at_once_and_the_same_one_is_told_once(
    made: Callable[..., Tellings],
) -> None:
    tellings = made()
    names = ("pinned-to-the-dead", "balancer-restart", "sticky")
    first = [tellings.begin(NewTelling(name)) for name in names[:MOST_AT_ONCE]]

    assert tellings.begin(NewTelling(names[0])).id == first[0].id
    with pytest.raises(StepError, match="are being told already"):
        tellings.begin(NewTelling(names[2]))


async def test_what_is_under_way_at_the_end_is_cut_short_and_leaves_nothing(
    made: Callable[..., Tellings], fabric: LocalFabric, news: list[News]
) -> None:
    tellings = made()
    told = tellings.begin(NewTelling("rolling-deploy"))
    while not told.items:
        await asyncio.sleep(0.02)
        told = tellings.telling(told.id) or told
    await tellings.close()

    ended = tellings.telling(told.id)
    assert ended
    assert (ended.ending, ended.reason) == ("error", CUT_SHORT)
    assert news[-1][2] == "error"
    assert [*fabric._forks.running("rolling-deploy")] == []


async def test_what_cannot_be_told_is_said_before_and_refused(
    made: Callable[..., Tellings],
) -> None:
    one_node = made(replace(SETTINGS, nodes=1))
    found = {story.name: story for story in one_node.stories()}
    assert found["sticky"].why_not == "it takes at least 2 nodes to show this"
    assert found["monolith"].why_not == ""
    assert found["monolith"].about.startswith("One server, sessions in its memory: works.")
    assert found["rolling-deploy"].slow
    with pytest.raises(StepError, match="at least 2 nodes"):
        one_node.begin(NewTelling("sticky"))
    with pytest.raises(WrongField, match=r"no story named '\.\./etc'"):
        one_node.begin(NewTelling("../etc"))

    nobody = made()
    nobody.suit(SETTINGS, dict.fromkeys(found, "the stack is not up"))
    assert {story.why_not for story in nobody.stories()} == {"the stack is not up"}

    somebodys = made(replace(SETTINGS, app=Chosen.read(SHOP)))
    found = {story.name: story for story in somebodys.stories()}
    assert found["two-tabs"].why_not == "it is about what only our demo app does"


async def test_old_tellings_are_forgotten(made: Callable[..., Tellings]) -> None:
    tellings = made(replace(SETTINGS, redis_url="nowhere"))  # each fails at once
    first = await to_its_end(tellings, "redis-down")
    assert first.ending == "error"
    assert first.reason
    for seed in range(2, MOST_KEPT + 2):
        await to_its_end(tellings, "redis-down", seed)
    assert tellings.telling(first.id) is None


async def test_a_telling_disturbs_no_thread_that_makes_a_view(
    made: Callable[..., Tellings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all objects are looked at, no other thread can finish a tuple: it meets SystemError."""
    monkeypatch.setattr("gc.get_objects", None)
    assert (await to_its_end(made(), "monolith")).ending == "held"
