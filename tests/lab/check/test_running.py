"""A real small app is put through its ordeals: each is seen to find what is broken, and no more.

The app and its ways to be broken are in `shop/`.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import pytest

from sessionlab.lab.check.results import Cell, CellOutcome, Check
from sessionlab.lab.check.running import Plan, run
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.reading import read

SHOP, REDIS_SHOP = Path(__file__).parent / "shop", Path(__file__).parents[1] / "shop"
SOUND = ("two-tabs", "first-visit", "data", "logout", "grow", "drain", "restart", "kill", "deploy")


@cache
def checked(
    variant: str | None, affinities: tuple[str, ...], *ordeals: str, shop: Path = SHOP
) -> Check:
    plan = Plan(read(shop), [variant], affinities, ordeals, seed=1)
    (check,) = asyncio.run(run(plan, Events()))
    return check


def cell(check: Check, affinity: str, ordeal: str) -> Cell:
    return next(c for c in check.cells if (c.affinity, c.ordeal) == (affinity, ordeal))


def memory() -> Check:
    return checked(
        None, ("cookie", "learn:session"), "ask", "balancer-restart", *SOUND[:3], *SOUND[5:]
    )


def shared() -> Check:
    return checked("shared", ("none",), *SOUND)


@pytest.mark.parametrize("ordeal", SOUND)
def test_a_sound_app_loses_nobody(ordeal: str) -> None:
    found = cell(shared(), "none", ordeal)
    assert found.counts.everybody_in, found
    assert not found.why


@pytest.mark.parametrize("ordeal", ["restart", "kill", "deploy"])
def test_who_is_in_a_copys_memory_is_lost_with_it(ordeal: str) -> None:
    found = cell(memory(), "cookie", ordeal)
    assert found.counts.logged_out
    assert found.counts.unknown == found.counts.stuck == 0
    assert "they had been known there" in found.why


def test_only_who_is_at_that_copy_is_lost_with_it() -> None:
    for ordeal in ("restart", "kill"):
        assert cell(memory(), "cookie", ordeal).counts.kept


@pytest.mark.parametrize("ordeal", ["ask", "two-tabs", "first-visit", "data", "drain"])
def test_who_is_led_back_to_its_copy_stays_in(ordeal: str) -> None:
    assert cell(memory(), "cookie", ordeal).counts.everybody_in


def test_a_balancer_that_has_learned_forgets_when_it_is_restarted() -> None:
    assert cell(memory(), "cookie", "balancer-restart").counts.everybody_in
    assert cell(memory(), "learn:session", "balancer-restart").counts.logged_out


def test_what_memory_means_is_said() -> None:
    said = memory().diagnosis
    assert said.sessions_live_in == "copy"
    assert said.works_with == ["cookie", "learn:session"]
    assert any("In a rolling deploy 7 of 7 users are logged out" in one for one in said.advice)


@pytest.mark.parametrize("ordeal", ["ask", "grow", "drain"])
def test_without_affinity_users_meet_copies_that_do_not_know_them(ordeal: str) -> None:
    check = checked(None, ("none",), "ask", "grow", "drain")
    assert cell(check, "none", ordeal).counts.logged_out
    assert check.diagnosis.works_with == []


def test_a_session_that_changes_its_id_with_each_answer_has_no_second_tab() -> None:
    check = checked("rotates", ("cookie",), "two-tabs", "restart")
    assert cell(check, "cookie", "two-tabs").counts.logged_out


def test_a_first_visit_that_asks_at_once_may_end_before_the_login() -> None:
    check = checked("first-visit", ("cookie",), "two-tabs", "first-visit")
    assert cell(check, "cookie", "two-tabs").counts.everybody_in
    assert cell(check, "cookie", "first-visit").counts.lost


def test_a_copy_with_a_cache_of_its_own_shows_old_data() -> None:
    check = checked("stale-cache", ("none", "cookie"), "ask", "data")
    assert cell(check, "none", "ask").counts.everybody_in
    assert cell(check, "none", "data").counts.wrong_data
    assert cell(check, "cookie", "data").counts.everybody_in
    assert check.diagnosis.works_with == ["cookie"]
    assert check.diagnosis.sessions_live_in == "shared-store"


def test_a_logout_that_ends_nothing_is_found_by_replaying_the_credential() -> None:
    check = checked("no-logout", ("cookie",), "logout")
    found = cell(check, "cookie", "logout")
    assert found.counts.everybody_in, "nobody was lost"
    assert "still accepted (7 of 21 times" in found.why
    assert not cell(shared(), "none", "logout").why


@pytest.mark.parametrize(
    ("variant", "where", "works"),
    [
        ("signed", "client", ["none", "cookie"]),
        ("key-per-copy", "client", ["cookie"]),
    ],
)
def test_a_signed_cookie_lives_with_the_client(variant: str, where: str, works: list[str]) -> None:
    check = checked(variant, ("none", "cookie"), "ask", "data", "logout")
    assert check.diagnosis.sessions_live_in == where
    assert check.diagnosis.works_with == works
    assert any("the same secret" in said for said in check.diagnosis.advice) == (
        "none" not in works
    )


def test_a_shared_store_is_known_by_what_a_twin_sees_and_a_logout_ends() -> None:
    assert checked("shared", ("none",), "ask", "data", "logout").diagnosis.sessions_live_in == (
        "shared-store"
    )


@pytest.mark.parametrize(
    ("variant", "step"),
    [
        ("everybody", "login"),
        ("wrong-path", "login"),
        ("any-password", "wrong-password"),
    ],
)
def test_a_recipe_that_does_not_fit_is_no_verdict_on_users(variant: str, step: str) -> None:
    check = checked(variant, ("none",))
    assert not check.control.passed
    assert check.control.steps[-1].step == step
    assert "GET /" in check.control.steps[-1].saw
    assert not check.cells
    assert check.exit_status == 3


def test_where_there_is_no_redis_its_ordeal_does_not_apply() -> None:
    found = checked("shared", ("none",), "store-blip").cells[0]
    assert found.outcome is CellOutcome.NOT_APPLICABLE
    assert "{redis}" in found.why


def test_who_is_in_a_redis_is_lost_with_what_it_held(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.setenv("SHOP_PYTHON", sys.executable)
    check = checked("redis", ("none",), "ask", "store-blip", shop=REDIS_SHOP)
    assert cell(check, "none", "ask").counts.everybody_in
    assert cell(check, "none", "store-blip").counts.logged_out == 7
    assert check.diagnosis.sessions_live_in == "shared-store"


def test_the_affinities_that_matter_are_found() -> None:
    check = checked("bounds", (), "ask")
    assert check.affinities == ["none", "cookie", "learn:session"]
    assert [bound.bound for bound in check.expect] == ["ask.lost <= 0"]
    assert check.exit_status == 0
