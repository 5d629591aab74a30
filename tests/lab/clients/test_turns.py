"""Orders are drawn anew at every step, and again for the same seed."""

from __future__ import annotations

from sessionlab.lab.clients.turns import Turns, in_place, shuffled
from tests.lab.clients.test_traffic import clients, closed


async def test_every_step_has_an_order_of_its_own_that_the_seed_repeats() -> None:
    them, others = clients(20), clients(20)
    turns, again, other = Turns("1"), Turns("1"), Turns("2")
    orders = [shuffled(20, turns.of(them)) for _ in range(5)]
    assert len(set(map(tuple, orders))) == 5
    assert [shuffled(20, again.of(others)) for _ in range(5)] == orders
    assert [shuffled(20, other.of(them)) for _ in range(5)] != orders
    await closed([*them, *others])


async def test_what_other_clients_do_meanwhile_changes_no_order() -> None:
    them, others = clients(3), clients(3)
    turns = Turns("1")
    turns.of(others)
    turns.of(())
    assert turns.of(them).random() == Turns("1").of(them).random()
    await closed([*them, *others])


def test_whatever_the_order_answers_come_back_in_place() -> None:
    order = shuffled(9, Turns("1").of(()))
    assert sorted(order) == list(range(9))
    assert in_place([f"answer {number}" for number in order], order) == [
        f"answer {number}" for number in range(9)
    ]
