"""Of whom a test may say that they were not lost: a function of what was recorded."""

from __future__ import annotations

from sessionlab.lab.events import Event
from sessionlab.lab.pytest_plugin.story import judged, unasked
from tests.lab.lives import Life

KILL = Event(5.5, "node.killed", "", {"node": "n1", "began": 5.0})


def life(client: str, *asked_at: float) -> Life:
    one = Life(client)
    for at in (0.0, *asked_at):
        one.now = at
        one.say("me", "user") if at else one.say("login", enters=True)
    return one


def said(*lives: Life, since: float = 0.0) -> str:
    history = [operation for one in lives for operation in one.operations]
    return unasked(judged(history, [KILL], since), history, [KILL], since)


def test_who_was_not_asked_since_the_last_change_is_named_though_others_were() -> None:
    words = said(life("ann", 1), life("bob", 1, 6), life("cyd", 2))
    assert words.startswith("ann, cyd have not been asked since n1 killed at 5.0 s, so")
    assert said(life("ann", 1, 6), life("bob", 1, 6)) == ""


def test_what_was_under_way_at_a_change_says_nothing_of_what_came_of_it() -> None:
    assert said(life("ann", 1, 5)).startswith("ann has not been asked since")


def test_errors_and_answers_to_nobody_in_particular_tell_nothing_of_a_session() -> None:
    ann = life("ann", 1)
    ann.now = 6
    ann.say("request", "")
    assert said(ann).startswith("ann has not been asked since")


def test_who_has_logged_out_has_nothing_to_lose_until_the_next_login() -> None:
    ann = life("ann", 1)
    ann.say("logout")
    assert said(ann, life("bob", 6)) == ""
    ann.say("login", enters=True)
    assert said(ann, life("bob", 6)).startswith("ann has not")


def test_users_of_an_earlier_test_are_not_those_of_this_one() -> None:
    ann, bob = life("ann", 1), life("bob", 3, 6)
    assert said(ann, bob, since=2.0) == ""
    assert len(judged([*ann.operations, *bob.operations], [], 2.0)) == 1
    assert said(ann, since=2.0).startswith("nobody has asked anything since n1 killed")
