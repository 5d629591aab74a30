"""What is said of a story counts from its own beginning; what is stored, from the run's."""

from __future__ import annotations

from dataclasses import replace

from sessionlab.lab.events import Event
from sessionlab.lab.record.history import History, Operation
from sessionlab.lab.verdicts.results import Outcome, ScenarioResult
from sessionlab.lab.verdicts.story_time import in_story_time
from tests.lab.lives import Life

LATE = 100.0


def late() -> tuple[list[Operation], list[Event]]:
    """A story that the run came to after 100 s; at its second 2 a node is killed."""
    life = Life("alice", now=LATE)
    life.log_in()
    life.now = LATE + 3
    life.node = "n2"
    life.ask("GET", "/me", 401)
    cluster = {"cluster": "c", "strategies": {"app": "memory"}}
    return life.operations, [
        Event(LATE, "scenario.started", "s"),
        Event(LATE + 0.1, "cluster.starting", "s", cluster),
        Event(LATE + 2.5, "node.killed", "s", {"cluster": "c", "node": "n1", "began": LATE + 2.0}),
    ]


def test_a_loss_is_told_in_the_story_s_own_time() -> None:
    history, events = late()
    result = ScenarioResult("s", "S", Outcome.HELD, None, 4, History(history), [], 0, events)
    (loss,) = result.users.losses
    assert loss.why == "n1 was killed at 2.0 s into the story, their session was in its memory"
    (user,) = result.users.judged
    assert user.at
    assert user.at.invoked == 3.25


def test_all_of_it_moves_together_and_nothing_else_of_it_changes() -> None:
    history, events = late()
    operations, heard = in_story_time(history, events)
    back = [replace(o, invoked=o.invoked + LATE, completed=o.completed + LATE) for o in operations]
    assert back == history
    assert [event.at for event in heard] == [0.0, events[1].at - LATE, 2.5]
    assert heard[2].data == {"cluster": "c", "node": "n1", "began": 2.0}
    assert events[2].data["began"] == LATE + 2.0, "what is stored keeps the run's clock"


def test_a_record_without_a_beginning_is_left_on_its_clock() -> None:
    history, events = late()
    assert in_story_time(history, events[1:]) == (history, events[1:])
