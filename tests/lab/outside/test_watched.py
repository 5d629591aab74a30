"""What a watch says of a history, without any system."""

from __future__ import annotations

from dataclasses import replace

from sessionlab.lab.outside.watched import Watched
from sessionlab.lab.record.history import Ending, Operation


def op(
    at: float, conversation: str = "me", who: str = "user", status: int | None = 200, **more: object
) -> Operation:
    user = "ann" if who == "user" else None
    ending = Ending.OK if status == 200 else Ending.FAILED
    return Operation(
        "ann",
        "GET",
        f"/{conversation}",
        at,
        at + 0.1,
        ending,
        status,
        user=user,
        who=who,
        conversation=conversation,
        credential=20,
        **more,  # type: ignore[arg-type]
    )


IN = [op(0, "login", "", enters=True), op(1)]


def test_a_loss_is_told_with_when_and_what_came() -> None:
    seen = Watched.of([*IN, op(5, who="nobody", status=401)], began=3.0, command=["deploy"])
    (lost,) = seen.losses
    assert (lost.at, lost.verdict) == (2.0, "logged out")
    assert str(lost) == "ann was logged out 2.0 s after the command began: GET /me: 401"


def test_whoever_was_not_seen_after_the_command_began_is_unknown_and_not_kept() -> None:
    seen = Watched.of(IN, began=3.0, command=["deploy"], status=0)
    assert (seen.counts["unknown"], seen.counts["kept"]) == (1, 0)
    assert (seen.exit_status, seen.outcome) == (3, "error")


def test_who_was_seen_during_the_command_only_is_unknown_too() -> None:
    during = Watched.of([*IN, op(5)], began=3.0, ended=6.0, command=["deploy"], status=0)
    assert (during.counts["unknown"], during.exit_status) == (1, 3)
    after = Watched.of([*IN, op(5), op(7)], began=3.0, ended=6.0, command=["deploy"], status=0)
    assert (after.counts["kept"], after.exit_status) == (1, 0)


def test_where_nothing_is_known_of_some_nobody_can_say_that_none_was_lost() -> None:
    known = [replace(one, client="bob", user="bob") for one in [*IN, op(5)]]
    seen = Watched.of([*IN, *known], began=3.0, command=["deploy"], status=0)
    assert (seen.counts["unknown"], seen.counts["kept"]) == (1, 1)
    assert (seen.exit_status, seen.outcome) == (3, "error")


def test_who_is_lost_goes_before_a_command_that_failed() -> None:
    history = [*IN, op(5, who="nobody", status=401)]
    assert Watched.of(history, began=3.0, command=["x"], status=1).exit_status == 1
    assert Watched.of([*IN, op(5)], began=3.0, command=["x"], status=1).exit_status == 3
    assert Watched.of([*IN, op(5)], began=3.0, command=["x"], status=0).exit_status == 0


def test_what_was_answered_429_is_nobody_s_interruption() -> None:
    seen = Watched.of([*IN, op(5, who="error", status=429), op(6)], began=3.0)
    assert seen.counts["interrupted"] == 0
    assert len(seen.history) == 3


def test_an_interruption_is_told_with_its_length() -> None:
    seen = Watched.of([*IN, op(5, who="error", status=502), op(7.4)], began=3.0)
    assert seen.interruptions["longest_ms"] == 2500
    assert any("2500 ms at most" in line for line in seen.lines())
