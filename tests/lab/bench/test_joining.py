"""Two rows of one request, in whatever order they come, if they come."""

from __future__ import annotations

from sessionlab.lab.bench.joining import MOST, PATIENCE, Joining, Row


def node(name: str, at: float = 0.0, part: str = "n1") -> Row:
    return Row(at, part, {}, True, (name, part))


def front(name: str, backend: str = "n1", *, waits: bool = True) -> Row:
    return Row(0.0, "balancer", {}, False, (name, backend), waits)


def test_either_row_waits_for_the_other() -> None:
    joining = Joining()
    one, other = node("a"), front("a")
    late, early = node("b"), front("b")
    assert list(joining.of([one, early], 1.0)) == []
    assert list(joining.of([other, late], 1.1)) == [(one, other), (late, early)]
    assert list(joining.of([], 9.0)) == []


def test_a_row_without_its_other_is_told_once_it_has_waited_and_the_other_never() -> None:
    joining = Joining()
    one, other = node("a"), front("b")
    assert list(joining.of([one, other], 1.0)) == []
    assert list(joining.of([], 1.0 + PATIENCE / 2)) == []
    assert list(joining.of([], 1.0 + PATIENCE)) == [(one, None), (None, other)]
    assert list(joining.of([front("a"), node("b")], 2.0)) == []
    assert list(joining.of([], 3.0)) == []


def test_what_waits_for_nobody_is_told_at_once_and_its_other_row_never() -> None:
    joining = Joining()
    cut = front("a", waits=False)
    assert list(joining.of([cut], 1.0)) == [(None, cut)]
    assert list(joining.of([node("a")], 60.0)) == []
    assert list(joining.of([], 61.0)) == []


def test_a_try_at_another_node_is_another_row() -> None:
    joining = Joining()
    tried, answered, told = node("a"), node("a", part="n2"), front("a", "n2")
    assert list(joining.of([tried, answered, told], 1.0)) == [(answered, told)]
    assert list(joining.of([], 2.0)) == [(tried, None)]


def test_nothing_is_lost_of_a_client_that_always_sends_the_same_id() -> None:
    joining = Joining()
    rows = [node("a", at) for at in range(5)]
    told = [*joining.of(rows, 1.0), *joining.of([front("a")] * 5, 1.1), *joining.of([], 9.0)]
    assert sorted(pair[0].at for pair in told if pair[0]) == [0, 1, 2, 3, 4]
    assert len(told) == 5


def test_few_wait_however_many_come() -> None:
    joining = Joining()
    told = list(joining.of([node(str(number)) for number in range(MOST + 10)], 1.0))
    assert len(told) == 10
