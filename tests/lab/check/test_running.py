"""A real small app is put through its ordeals: each is seen to find what is broken, and no more.

The app and its ways to be broken are in `shop/`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.check import running
from sessionlab.lab.check.results import Cell, CellOutcome, Check
from sessionlab.lab.check.running import Plan, run_on
from sessionlab.lab.description.variants import Variants
from sessionlab.lab.events import Events
from sessionlab.lab.ordeals import ORDEALS
from sessionlab.lab.recipes.reading import read

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.ordeals.trial import Trial

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHOP, REDIS_SHOP = Path(__file__).parent / "shop", Path(__file__).parents[1] / "shop"
SOUND = ("two-tabs", "first-visit", "data", "logout", "grow", "drain", "restart", "kill", "deploy")


class Checks:
    """Checks on one fabric; one that was made is not made again."""

    def __init__(self, fabric: LocalFabric) -> None:
        self._fabric = fabric
        self._made: dict[object, Check] = {}

    async def of(
        self, variant: str | None, affinities: tuple[str, ...], *ordeals: str, shop: Path = SHOP
    ) -> Check:
        asked = (variant, affinities, ordeals, shop)
        if asked not in self._made:
            plan = Plan(read(shop), [variant], affinities, ordeals, seed=1)
            (self._made[asked],) = await run_on(self._fabric, plan, Events())
        return self._made[asked]

    async def memory(self) -> Check:
        return await self.of(None, ("cookie",), "ask", "two-tabs", "data", *SOUND[5:])

    async def shared(self) -> Check:
        return await self.of("shared", ("none",), "ask", *SOUND)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def checks(fabric: LocalFabric) -> Checks:
    return Checks(fabric)


def cell(check: Check, affinity: str, ordeal: str) -> Cell:
    return next(c for c in check.cells if (c.affinity, c.ordeal) == (affinity, ordeal))


@pytest.mark.parametrize("ordeal", SOUND)
async def test_a_sound_app_loses_nobody(checks: Checks, ordeal: str) -> None:
    found = cell(await checks.shared(), "none", ordeal)
    assert found.counts.everybody_in, found
    assert not found.why


@pytest.mark.parametrize("ordeal", ["restart", "kill", "deploy"])
async def test_who_is_in_a_copys_memory_is_lost_with_it(checks: Checks, ordeal: str) -> None:
    found = cell(await checks.memory(), "cookie", ordeal)
    assert found.counts.logged_out
    assert found.counts.unknown == found.counts.stuck == 0
    assert "they had been known there" in found.why


async def test_only_who_is_at_that_copy_is_lost_with_it(checks: Checks) -> None:
    for ordeal in ("restart", "kill"):
        assert cell(await checks.memory(), "cookie", ordeal).counts.kept


@pytest.mark.parametrize("ordeal", ["ask", "two-tabs", "data", "drain"])
async def test_who_is_led_back_to_its_copy_stays_in(checks: Checks, ordeal: str) -> None:
    assert cell(await checks.memory(), "cookie", ordeal).counts.everybody_in


async def test_a_balancer_that_has_learned_forgets_when_it_is_restarted(checks: Checks) -> None:
    check = await checks.of(None, ("cookie", "learn:session"), "ask", "balancer-restart")
    assert cell(check, "cookie", "balancer-restart").counts.everybody_in
    assert cell(check, "learn:session", "balancer-restart").counts.logged_out


async def test_what_memory_means_is_said(checks: Checks) -> None:
    said = (await checks.memory()).diagnosis
    assert said.sessions_live_in == "copy"
    assert said.works_with == ["cookie"]
    assert any("In a rolling deploy 7 of 7 users are logged out" in one for one in said.advice)


@pytest.mark.parametrize("ordeal", ["ask", "grow", "drain"])
async def test_without_affinity_users_meet_copies_that_do_not_know_them(
    checks: Checks, ordeal: str
) -> None:
    check = await checks.of(None, ("none",), "ask", "grow", "drain")
    assert cell(check, "none", ordeal).counts.logged_out
    assert check.diagnosis.works_with == []


async def test_what_an_ordeal_has_left_broken_is_no_users_loss_in_the_next(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_mended(trial: Trial) -> None:
        pass

    unmended = {"drain": replace(ORDEALS["drain"], mend=not_mended), "ask": ORDEALS["ask"]}
    monkeypatch.setattr(running, "MEND_SECONDS", 0.5)
    monkeypatch.setattr(running, "ORDEALS", Variants("sessionlab.none", unmended, "carry_out"))
    check = await checks.of("shared", ("none",), "drain", "ask")
    assert cell(check, "none", "drain").counts.everybody_in
    after = cell(check, "none", "ask")
    assert after.outcome is CellOutcome.ERROR
    assert "every copy to be up again" in after.why


async def test_a_session_that_changes_its_id_with_each_answer_has_no_second_tab(
    checks: Checks,
) -> None:
    check = await checks.of("rotates", ("cookie",), "two-tabs", "restart")
    assert cell(check, "cookie", "two-tabs").counts.logged_out


async def test_a_first_visit_that_asks_at_once_may_end_before_the_login(checks: Checks) -> None:
    check = await checks.of("first-visit", ("cookie",), "two-tabs", "first-visit")
    assert cell(check, "cookie", "two-tabs").counts.everybody_in
    assert cell(check, "cookie", "first-visit").counts.lost


async def test_a_copy_with_a_cache_of_its_own_shows_old_data(checks: Checks) -> None:
    check = await checks.of("stale-cache", ("none", "cookie"), "ask", "data")
    assert cell(check, "none", "ask").counts.everybody_in
    assert cell(check, "none", "data").counts.wrong_data
    assert cell(check, "cookie", "data").counts.everybody_in
    assert check.diagnosis.works_with == ["cookie"]
    assert check.diagnosis.sessions_live_in == "shared-store"


async def test_what_a_write_replaces_is_not_lost_and_that_nothing_is_known_of_it_is_told(
    checks: Checks,
) -> None:
    check = await checks.of("replaces", ("none",), "data")
    assert cell(check, "none", "data").counts.everybody_in
    (note,) = check.notes
    assert "writes may replace each other" in note
    assert not (await checks.shared()).notes


async def test_a_logout_that_ends_nothing_is_found_by_replaying_the_credential(
    checks: Checks,
) -> None:
    check = await checks.of("no-logout", ("cookie",), "logout")
    found = cell(check, "cookie", "logout")
    assert found.counts.everybody_in, "nobody was lost"
    assert "still accepted (7 of 21 times" in found.why
    assert not cell(await checks.shared(), "none", "logout").why


@pytest.mark.parametrize(
    ("variant", "where", "works"),
    [
        ("signed", "client", ["none", "cookie"]),
        ("key-per-copy", "client", ["cookie"]),
    ],
)
async def test_a_signed_cookie_lives_with_the_client(
    checks: Checks, variant: str, where: str, works: list[str]
) -> None:
    check = await checks.of(variant, ("none", "cookie"), "ask", "data", "logout")
    assert check.diagnosis.sessions_live_in == where
    assert check.diagnosis.works_with == works
    assert any("the same secret" in said for said in check.diagnosis.advice) == (
        "none" not in works
    )


async def test_a_shared_store_is_known_by_what_a_twin_sees_and_a_logout_ends(
    checks: Checks,
) -> None:
    assert (await checks.shared()).diagnosis.sessions_live_in == "shared-store"


@pytest.mark.parametrize(
    ("variant", "step"),
    [
        ("everybody", "login"),
        ("wrong-path", "login"),
        ("any-password", "wrong-password"),
        ("wrong-items", "data"),
    ],
)
async def test_a_recipe_that_does_not_fit_is_no_verdict_on_users(
    checks: Checks, variant: str, step: str
) -> None:
    check = await checks.of(variant, ("none",))
    assert not check.control.passed
    assert check.control.steps[-1].step == step
    assert "GET /" in check.control.steps[-1].saw
    assert not check.cells
    assert check.exit_status == 3


async def test_where_there_is_no_redis_its_ordeal_does_not_apply(checks: Checks) -> None:
    check = await checks.of("shared", ("none",), "store-blip")
    found = check.cells[0]
    assert found.outcome is CellOutcome.NOT_APPLICABLE
    assert "{redis}" in found.why
    assert check.exit_status == 3, "nothing was judged"


async def test_who_is_in_a_redis_is_lost_with_what_it_held(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PYTHON", sys.executable)
    check = await checks.of("redis", ("none",), "ask", "store-blip", shop=REDIS_SHOP)
    assert cell(check, "none", "ask").counts.everybody_in
    assert cell(check, "none", "store-blip").counts.logged_out == 7
    assert check.diagnosis.sessions_live_in == "shared-store"


async def test_the_affinities_that_matter_are_found(checks: Checks) -> None:
    check = await checks.of("bounds", (), "ask")
    assert check.affinities == ["none", "cookie", "learn:session"]
    assert [bound.bound for bound in check.expect] == ["ask.lost <= 0"]
    assert check.exit_status == 0


async def test_copies_that_crash_are_started_again_and_told(checks: Checks) -> None:
    check = await checks.of("crashes", ("none",), "ask", "two-tabs", "two-tabs", "logout")
    assert [cell.outcome for cell in check.cells] == [CellOutcome.SHOWN] * 4
    assert cell(check, "none", "logout").counts.lost == 0
    (note,) = (note for note in check.notes if "by themselves" in note)
    assert "exit status 7" in note
