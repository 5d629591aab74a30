"""Stories that are told of an app that is not ours: which fit, and what stands in for what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sessionlab.lab.description.cluster import NODES
from sessionlab.lab.errors import Skip, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.recipes.reading import parse
from sessionlab.lab.scenario.fitting import Asked, check
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run_one
from sessionlab.lab.scenario.scenario import Scenario
from sessionlab.lab.verdicts.results import Outcome
from tests.in_process import sessionlab

SHOP = Path(__file__).parent.parent / "shop"


@pytest.fixture(autouse=True)
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PYTHON", sys.executable)


def asked(strategy: str = "", **more: Any) -> Asked:
    usual = {"services": ("app",), "options": {}, "wishes": {}}
    return Asked(2, strategy, **{**usual, **more})


def test_the_variant_that_is_called_like_a_strategy_stands_in_for_it() -> None:
    (service,) = asked("redis").services_of(Chosen.read(SHOP))
    assert service.app
    assert service.app.variant == service.strategy == "redis"
    assert service.app.names_redis


def test_a_story_that_asks_for_none_takes_the_app_as_it_is() -> None:
    for variant in (None, "memory"):
        (service,) = asked().services_of(Chosen.read(SHOP, variant))
        assert service.app
        assert service.app.variant == variant


@pytest.mark.parametrize(
    ("variant", "asks", "why"),
    [
        (None, asked("jwt"), "it takes jwt, and .* has no variant of that name"),
        ("redis", asked("memory"), "it takes memory, and --variant says redis"),
        (None, asked("memory", services=("orders", "auth")), "it takes several services"),
        (None, asked("memory", options={"idle": "1"}), "options of our demo app: idle"),
        (None, asked("memory", wishes={"one_key": False}), "it asks for a one_key of its own"),
        (None, asked("memory", wishes={"affinity": "learn:sid"}), "the cookie of our demo app"),
        (None, asked("memory", wishes={"algorithm": "hash:cookie:sid"}), "the cookie of our demo"),
        (None, asked(app=SHOP), "it is about an app of its own"),
    ],
)
def test_what_a_recipe_cannot_give_is_skipped(variant: str | None, asks: Asked, why: str) -> None:
    with pytest.raises(Skip, match=why):
        asks.services_of(Chosen.read(SHOP, variant))


def test_without_another_app_it_is_our_demo_app() -> None:
    (service,) = asked().services_of(None)
    assert (service.program, service.strategy, service.app) == (NODES, "memory", None)


def test_a_story_of_its_own_app_asks_for_nothing_of_the_demo() -> None:
    with pytest.raises(UsageError, match="takes no strategy"):
        asked("memory", app=SHOP).services_of(None)


def test_our_stories_count_401s_so_an_app_that_says_otherwise_is_skipped() -> None:
    me = {"get": "/", "user": {"json": "name"}, "nobody": {"path": "^/login"}}
    raw = {"name": "app", "me": me, "app": {"run": ["true"]}}
    app = Chosen(parse(raw, SHOP / "sessionlab.toml"))
    with pytest.raises(Skip, match="it counts answers with 401"):
        check(app, "sessionlab.scenarios.sticky", about_demo=False)
    check(app, "scenario_of_mine", about_demo=False)
    check(Chosen.read(SHOP), "sessionlab.scenarios.sticky", about_demo=False)


async def test_a_story_names_the_recipe_that_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "shop").symlink_to(SHOP)
    fabric = LocalFabric()
    await fabric.open()
    lab = Lab(Settings(), fabric, Events(), "own", tmp_path)
    async with lab.cluster(app="shop/sessionlab.toml", variant="redis", nodes=2) as cluster:
        client = cluster.client("alice")
        await client.login()
        assert (await client.me_times(4)).recognised == 4
    async with lab.single_server(app="shop") as server:
        assert server.url == server.nodes["n1"].url
    await fabric.close()


async def test_a_story_about_the_demo_is_skipped_before_it_begins() -> None:
    async def story(_: Lab) -> None:
        raise AssertionError

    told = Scenario("s", "S", story, about_demo=True)
    result = await run_one(told, Settings(app=Chosen.read(SHOP)), LocalFabric(), Events())
    assert result.outcome is Outcome.SKIPPED
    assert result.reason == "it is about what only our demo app does"


def test_run_tells_what_fits_and_says_why_not_of_the_rest() -> None:
    names = ("memory-round-robin", "jwt-costs", "keys-per-node")
    ran = sessionlab("run", "--app", SHOP, *names, "--nodes", "2")
    assert "✓ memory-round-robin" in ran.stdout
    assert ran.stdout.count("it is about what only our demo app does") == 2
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "--variant", "redis"], "--variant is of a recipe"),
        (["run", "--app", SHOP, "--variant", "rediss"], "did you mean redis?"),
        (["run", "--app", "nowhere.toml"], "cannot read nowhere.toml"),
        (["run", "--app", SHOP, "--fabric", "docker"], "says no image"),
        (["up", "--app", SHOP, "--strategy", "jwt"], "--strategy and --app exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str | Path], says: str) -> None:
    refused = sessionlab(*words)
    assert refused.returncode == 2
    assert says in refused.stderr


@pytest.mark.parametrize("words", [["run", "redis-shared"], ["up"]])
def test_an_app_whose_users_need_a_script_is_refused_before_anything_starts(
    tmp_path: Path, words: list[str | Path]
) -> None:
    recipe = tmp_path / "shop.toml"
    me = "me = {script = 'shop:me', user = {json = 'name'}}"
    recipe.write_text(f"name = 'shop'\napp.run = ['false']\n{me}\n")
    refused = sessionlab(*words, "--app", recipe)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "`me` is a script (shop:me), and none is run here" in refused.stderr
    assert "sessionlab check --allow-script" in refused.stderr
