"""What users decide: by the seed and the file alone."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from sessionlab.lab.workload.decisions import Decision, decisions
from sessionlab.lab.workload.model import Mix, Workload


def first(workload: Workload, user: int, count: int = 500) -> list[Decision]:
    return list(islice(decisions(workload, user), count))


def test_the_same_seed_makes_the_same_decisions_in_the_same_order() -> None:
    for user in range(20):
        assert first(Workload(seed=7), user) == first(Workload(seed=7), user)


def test_they_are_these_for_ever() -> None:
    """A run of somebody's can be repeated by a later version."""
    said = [(one.what, round(one.after, 4)) for one in first(Workload(seed=1), 3, 8)]
    assert said == [
        ("login", 0.4622),
        ("me", 0.6008),
        ("write", 0.0157),
        ("write", 0.5059),
        ("logout", 0.25),
        ("replay", 0.1619),
        ("login", 0.0701),
        ("read", 0.0284),
    ]


def test_another_seed_and_another_user_decide_otherwise() -> None:
    assert first(Workload(seed=7), 1) != first(Workload(seed=8), 1)
    assert first(Workload(seed=7), 1) != first(Workload(seed=7), 2)


def test_how_many_users_there_are_changes_nothing_for_one() -> None:
    assert first(Workload(users=10), 1) == first(Workload(users=1000), 1)


def test_a_life_begins_with_a_login_and_a_logout_leads_back_to_one() -> None:
    does = first(Workload(life=Mix(logout=5)), 1)
    assert does[0].what == "login"
    for one, after, later in zip(does, does[1:], does[2:], strict=False):
        if one.what == "logout":
            assert after.what == ("replay" if one.keeps else "login")
            assert later.what == "login" or not one.keeps
        if after.what == "replay":
            assert one.keeps


@pytest.mark.parametrize(
    ("life", "never"),
    [
        (Mix(write=0, idle=0, logout=0, replay=0), {"write", "logout", "replay"}),
        (Mix(browse=0), {"me", "read"}),
        (Mix(replay=0), {"replay"}),
    ],
)
def test_what_has_no_weight_is_never_done(life: Mix, never: set[str]) -> None:
    assert not never & {one.what for one in first(Workload(life=life), 1)}


def test_weights_are_shares() -> None:
    counted = Counter(one.what for one in first(Workload(think=0.0), 1, 30_000))
    assert 4 < (counted["me"] + counted["read"]) / counted["write"] < 6
    assert counted["logout"] == pytest.approx(counted["write"] / 2, rel=0.15)
    assert counted["replay"] == counted["logout"]


def test_who_idles_is_away_longer() -> None:
    never, often = (
        sum(one.after for one in first(Workload(life=Mix(idle=idle)), 1)) for idle in (0, 5)
    )
    assert often > 2 * never
