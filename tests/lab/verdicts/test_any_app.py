"""Verdicts on conversations with any app, whatever its statuses and paths are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.record.history import Ending
from sessionlab.lab.verdicts.fates import Fate, User, users
from tests.lab.lives import Life


def only(life: Life) -> User:
    (user,) = users(life.operations)
    return user


@pytest.mark.parametrize(
    ("status", "fate"), [(200, Fate.LOGGED_OUT), (302, Fate.LOGGED_OUT), (403, Fate.STUCK)]
)
@pytest.mark.parametrize("credential", [0, 60])
def test_a_login_is_judged_by_me_and_never_by_its_status(
    status: int, fate: Fate, credential: int
) -> None:
    life = Life("alice")
    login = life.say("login", status=status, credential=credential)
    life.say("me", "nobody", 200)
    assert only(life).fate is fate
    assert (only(life).at == login) is (fate is Fate.STUCK)


def test_a_login_that_was_refused_and_yet_let_in_is_one() -> None:
    life = Life("alice")
    life.say("login", status=409)
    life.say("me", "user")
    assert only(life).fate is Fate.KEPT
    life.say("me", "nobody", 404)
    assert only(life).fate is Fate.LOGGED_OUT


def test_a_refused_login_and_nothing_after_it_is_no_verdict() -> None:
    life = Life("alice")
    life.say("login", status=403)
    assert users(life.operations) == []
    life.say("me", "error", 503)
    assert users(life.operations) == []


def test_a_session_is_not_lost_by_a_refused_login_on_top_of_it() -> None:
    life = Life("alice")
    life.say("login")
    life.say("me", "user")
    life.say("login", status=401)
    life.say("me", "user")
    assert only(life).fate is Fate.KEPT


@pytest.mark.parametrize("status", [200, 302, 404, None, 101])
def test_nobody_is_whoever_the_recipe_says_is_nobody(status: int | None) -> None:
    life = Life("alice")
    life.say("login")
    gone = life.say("me", "nobody", status)
    user = only(life)
    assert (user.fate, user.at) == (Fate.LOGGED_OUT, gone)


@pytest.mark.parametrize("status", [200, 302, 404, 101])
def test_an_error_of_any_status_is_an_error_and_never_a_logout(status: int) -> None:
    life = Life("alice")
    life.say("login")
    life.say("me", "error", status)
    assert only(life).fate is Fate.STUCK
    life.say("me", "user")
    user = only(life)
    assert (user.fate, len(user.interruptions)) == (Fate.KEPT, 1)


def test_somebody_else_is_wrong_data_whatever_it_is_called() -> None:
    life = Life("alice")
    life.say("login")
    life.say("me", "user", user="somebody else")
    assert only(life).fate is Fate.WRONG_DATA


def test_to_connect_is_to_log_in_where_there_is_no_login() -> None:
    life = Life("alice")
    life.say("connect", status=101, credential=0)
    life.say("me", "user", 101)
    assert only(life).fate is Fate.KEPT
    life.say("me", "nobody", 404)
    life.say("connect", credential=0)
    life.say("me", "user")
    assert only(life).fate is Fate.LOGGED_OUT


def test_a_channel_that_broke_and_was_opened_anew_was_interrupted() -> None:
    life = Life("alice")
    life.say("connect", status=101, credential=0)
    life.say("write", status=101, item="a book")
    life.say("me", "error", None, outcome=Ending.UNKNOWN)
    life.say("connect", status=101, credential=0)
    life.say("me", "user", 101, node="n2")
    user = only(life)
    assert (user.fate, len(user.interruptions)) == (Fate.MOVED, 1)
    life.say("read", status=101, items=())
    assert only(life).fate is Fate.WRONG_DATA


def test_who_cannot_connect_is_stuck_be_it_before_its_login_or_after() -> None:
    for first in ("connect", "login"):
        life = Life("alice")
        life.say(first, credential=0)
        life.say("login", credential=0)
        life.say("me", "user")
        life.say("connect", "error", 503)
        assert only(life).fate is Fate.STUCK
    never = Life("alice")
    never.say("connect", "error", None)
    assert only(never).fate is Fate.STUCK


def test_what_a_recipe_s_other_conversations_say_is_held_against_nobody() -> None:
    life = Life("alice")
    life.say("login")
    life.say("elevate", status=403)
    life.say("change_password", status=422)
    life.say("request", status=404, who="")
    life.say("me", "user")
    assert only(life).fate is Fate.KEPT


def test_a_fresh_client_that_only_connects_has_lost_nothing() -> None:
    life = Life("alice")
    life.say("connect")
    life.operations[-1] = replace(life.operations[-1], enters=False)
    life.say("me", "nobody", 401)
    assert users(life.operations) == []


def test_who_is_nobody_by_a_password_that_goes_with_every_request_was_not_let_in() -> None:
    life = Life("alice")
    life.say("login", "nobody", 200)
    assert users(life.operations) == []
    life.say("me", "nobody", 200)
    assert only(life).fate is Fate.STUCK
