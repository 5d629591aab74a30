"""At most so many a second, chosen fairly, and all of them counted."""

from __future__ import annotations

import pytest

from sessionlab.lab.page.model.visitors import Rate, Request
from sessionlab.lab.page.seen.sampled import Sampled


def request(how: str = "ok", tab: str = "", node: str = "n1", cluster: str = "a") -> Request:
    return Request(0.0, "", "GET", "/me", node, 200, "", 0.001, tab=tab, how=how, cluster=cluster)


def told(found: list[Request | Rate]) -> tuple[list[Request], list[Rate]]:
    requests = [one for one in found if isinstance(one, Request)]
    return requests, [one for one in found if isinstance(one, Rate)]


@pytest.mark.parametrize("most", [0, 1, 2, 7, 50])
def test_no_second_has_more_than_so_many_and_most_of_them_are_used(most: int) -> None:
    sampled = Sampled(most)
    shown: list[float] = []
    for look in range(200):
        at = look * 0.05
        shown += [at] * len(told(sampled.of([request()] * 25, at))[0])
    for begin in range(100):
        assert len([at for at in shown if begin / 10 <= at < begin / 10 + 0.999]) <= most
    assert len(shown) >= 10 * most * 0.49


def test_a_refusal_among_a_thousand_is_shown_and_the_page_s_own_come_first() -> None:
    many = [request()] * 500 + [request("refused")] + [request(node="n2")] * 500
    shown, _ = told(Sampled(10).of(many, 0.0))
    assert {(one.how, one.node) for one in shown} == {
        ("ok", "n1"), ("refused", "n1"), ("ok", "n2")
    }  # fmt: skip
    own = [request(tab=f"t{number}") for number in range(4)]
    shown, _ = told(Sampled(10).of([*many, *own], 0.0))
    assert shown == own


def test_how_many_there_were_is_told_once_a_second_of_each_cluster() -> None:
    sampled = Sampled(10)
    assert sampled.of([], 0.0) == []
    shown, none = told(sampled.of([request()] * 30 + [request("failed", node="")] * 9, 5.0))
    shown += told(sampled.of([request(cluster="b")], 5.5))[0]
    assert not none
    _, (one,) = told(sampled.of([], 6.0))
    assert one == Rate("a", 6.0, 39, 4, {"ok": 30, "failed": 9}, {"n1": 30, "": 9})
    _, (other,) = told(sampled.of([], 6.5))
    assert (other.cluster, other.total, other.shown) == ("b", 1, 1)
    assert sampled.of([], 60.0) == []


def test_who_asks_for_all_gets_all() -> None:
    many = [request()] * 5000
    assert Sampled().of(many, 0.0) == many
