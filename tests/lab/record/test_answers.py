from dataclasses import replace

from sessionlab.lab.record.answers import Answer, Answers, together
from sessionlab.lab.record.history import Ending, Operation


def answer(status: int | None, node: str | None = None, user: str | None = None) -> Answer:
    outcome = Ending.OK if status == 200 else Ending.FAILED
    who = "user" if user else "nobody"
    return Answer(Operation("alice", "GET", "/me", 0, 1, outcome, status, node, user, who=who))


ANSWERS = Answers([answer(200, "n2", "alice"), answer(401, "n1"), answer(503), answer(None)])


def test_it_counts_the_answers_that_recognised_their_client() -> None:
    assert ANSWERS.recognised == 1


def test_it_names_the_nodes_that_answered_and_not_the_balancer() -> None:
    assert ANSWERS.nodes == ["n1", "n2"]


def test_it_says_which_statuses_came_how_often() -> None:
    assert ANSWERS.statuses == "200 ×1, 401 ×1, 503 ×1, no answer ×1"
    assert Answers().statuses == "none"


def test_it_picks_by_status_and_by_node() -> None:
    assert len(ANSWERS.with_status(401, 503)) == 2
    assert len(ANSWERS.by("n2")) == 1


def test_it_tells_how_long_all_of_them_took() -> None:
    late = Answer(Operation("bob", "GET", "/me", 0.5, 2.25, Ending.OK, 200))
    assert Answers([ANSWERS[0], late]).seconds == 2.25
    assert Answers().seconds == 0


def test_several_groups_become_one() -> None:
    assert len(together([ANSWERS, ANSWERS])) == 8


def test_what_shows_no_items_has_none() -> None:
    assert ANSWERS[0].items == []
    assert Answer(replace(ANSWERS[0].operation, items=("book",))).items == ["book"]
