"""A request out of the logs as the page's event."""

from __future__ import annotations

from typing import Any

import pytest

from sessionlab.lab.bench.requests import Hops
from sessionlab.lab.bench.requests import Request as Read
from sessionlab.lab.page.seen import sendings
from sessionlab.lab.page.seen.sendings import Sendings
from sessionlab.lab.page.seen.shown import how, no_answer, shown


def read(status: int = 200, **more: Any) -> Read:
    known: dict[str, Any] = {"user": "alice", "method": "GET", "path": "/me", "node": "n1"}
    said = known | {"status": status, "reason": "", "seconds": 0.002} | more
    return Read(at=1000.0, **said)


def test_a_request_of_a_tab_has_its_tab_and_all_hops() -> None:
    own = Sendings()
    name = own.begin("t1")
    own.end(name, 0.004)
    seen = Hops(balancer=0.003, node=0.002, store=0.001)
    found = shown(read(id=name, hops=seen, pin="VN"), 12.34567, "b", own)
    assert found
    assert (found.at, found.cluster, found.tab, found.how) == (12.346, "b", "t1", "ok")
    assert found.hops == Hops(client=0.004, balancer=0.003, node=0.002, store=0.001)
    assert found.pin_says == "the balancer found the pin good (VN)"


def test_a_stranger_is_in_no_tab_whatever_id_it_sends() -> None:
    own = Sendings()
    name = own.begin("t1")
    found = shown(read(id=f"{name}0"), 1.0, "a", own)
    assert found
    assert (found.tab, found.hops) == ("", Hops())


def test_a_lost_pin_is_told_from_one_that_never_was_where_that_is_known() -> None:
    own = Sendings()
    for name, says in (
        (own.begin("t1"), "as it had lost what it had learned"),
        (own.begin("t1", is_forged=True), "or never had it"),
        ("", "or never had it"),
    ):
        found = shown(read(401, id=name, pin="IN", moved="table-lost"), 1.0, "a", own)
        assert found
        assert says in found.pin_says


def test_what_nobody_has_timed_is_not_said() -> None:
    told_by_balancer = read(hops=Hops(balancer=0.002), pin="DI", moved="backend-down")
    found = shown(told_by_balancer, 1.0, "a", Sendings())
    assert found
    assert found.hops == Hops(balancer=0.002)
    assert found.moved == "backend-down"
    assert "out of service" in found.pin_says


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (read(), "ok"),
        (read(reason="nobody: session unknown here"), "refused"),
        (read(401, reason="session unknown here"), "refused"),
        (read(503), "failed"),
        (read(503, method="POST"), "failed"),
        (read(502, method="POST"), "unknown"),
        (read(200, cut="client"), "failed"),
        (read(200, cut="client", method="POST"), "unknown"),
    ],
)
def test_how_it_went(said: Read, word: str) -> None:
    assert how(said) == word


def test_why_no_answer_came_is_said_in_plain_words() -> None:
    assert no_answer("ClientConnectorError: to 127.0.0.1:1 ssl:default", 5.0) == (
        "nothing takes connections there"
    )
    assert no_answer("TimeoutError", 5.0) == "nothing came within 5 s"
    assert no_answer("HttpProcessingError: odd", 5.0) == "HttpProcessingError: odd"
    assert no_answer("", 5.0) == "nobody knows why"


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendings, "MOST", 2)
    own = Sendings()
    first, *others = [own.begin("t1") for _ in range(3)]
    own.end(first, 1.0)
    assert [own.of(one).tab for one in (first, *others)] == ["", "t1", "t1"]
