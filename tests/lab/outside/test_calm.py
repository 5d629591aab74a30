"""When a system counts as calm."""

from __future__ import annotations

from sessionlab.lab.outside.calm import CALM, Calm
from sessionlab.lab.record.history import Ending, Operation


def asked(at: float, who: str = "user", node: str = "n1", status: int | None = 200) -> Operation:
    return Operation("a", "GET", "/me", at, at, Ending.OK, status, node=node, who=who)


def test_it_is_calm_when_nothing_has_changed_for_a_while_since_the_command() -> None:
    calm = Calm()
    calm.hear("a", asked(1))
    assert not calm.lasts(after=2, now=20), "nobody has asked since"
    calm.hear("a", asked(3))
    assert not calm.lasts(after=2, now=2 + CALM - 0.1)
    assert calm.lasts(after=2, now=2 + CALM)


def test_it_is_not_calm_before_everybody_has_asked() -> None:
    calm = Calm(users=2)
    calm.hear("a", asked(3))
    assert not calm.all_asked(since=2)
    calm.hear("b", asked(3))
    assert calm.all_asked(since=2)


def test_another_standing_and_a_new_node_are_changes_and_a_move_is_none() -> None:
    calm = Calm()
    for at, who, node in ((1, "user", "n1"), (2, "nobody", "n1"), (3, "nobody", "n2")):
        calm.hear("a", asked(at, who, node))
        assert calm.since == at
    calm.hear("a", asked(4, "nobody", "n1"))
    assert calm.since == 3


def test_errors_are_no_calm_however_long_they_last() -> None:
    calm = Calm()
    calm.hear("a", asked(1, "error", status=None))
    calm.hear("a", asked(90, "error", status=None))
    assert not calm.lasts(after=0, now=100)
    assert str(calm) == "1 without an answer"


def test_what_asks_us_to_slow_down_shows_nothing() -> None:
    calm = Calm()
    calm.hear("a", asked(1))
    calm.hear("a", asked(2, "error", status=429))
    assert str(calm) == "1 well"
