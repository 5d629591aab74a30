"""Requests out of the logs of those who answered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import pytest

from sessionlab.lab.bench.lines import told
from sessionlab.lab.bench.requests import Hops, Request, Requests
from sessionlab.lab.cluster.inventory import Inventory, Kind, PartState, State
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.conftest import Make


class Printed:
    """Two nodes and a balancer, and what they have printed."""

    def __init__(self, *, is_of_an_app: bool = False) -> None:
        self.is_of_an_app = is_of_an_app
        self.tells_ids = True
        self.logs = {"n1": b"", "n2": b"", "balancer": b""}
        self.left: set[str] = set()
        self.asked: list[str] = []

    def parts(self) -> list[PartState]:
        kinds = {"balancer": Kind.BALANCER}
        return [
            PartState(name, kinds.get(name, Kind.NODE), "", State.RUNNING)
            for name in self.logs
            if name not in self.left
        ]

    def printed(self, name: str, since: int, most: int) -> bytes:
        self.asked.append(name)
        return self.logs[name][since : since + most]

    def empty(self, name: str, size: int) -> bool:
        if len(self.logs[name]) != size:
            return False
        self.logs[name] = b""
        return True

    def has_ended(self, name: str) -> bool:
        return name in self.left

    def requests(self) -> Requests:
        return Requests(cast("Inventory", self))

    def node(self, name: str, at: float, path: str, status: int, **more: object) -> None:
        row = {
            "at": at, "method": "GET", "path": path, "status": status, "seconds": 0.1,
            "user": None, "reason": None, "credential": None, "granted": None, "forwarded": True,
            **more,
        }  # fmt: skip
        self.logs[name] += json.dumps(row).encode() + b"\n"

    def balancer(self, at: float, status: int, **more: object) -> None:
        row = {
            "time": at, "method": "GET", "target": "/me?token=hush", "status": status,
            "seconds": 0.2, "backend": "", "cut": None, "detail": None, **more,
        }  # fmt: skip
        self.logs["balancer"] += json.dumps(row).encode() + b"\n"


def lines(found: Iterable[Request]) -> list[str]:
    return [" ".join(told(request).split()) for request in found]


def test_who_was_refused_is_known_by_the_credential_that_was_given_before() -> None:
    parts = Printed()
    requests = parts.requests()
    parts.node("n2", 2.0, "/me", 401, credential="abcd", reason="session unknown here")
    parts.node("n1", 1.0, "/login", 200, user="alice", granted="abcd")
    parts.node("n2", 3.0, "/me", 401, credential="ffff", reason="session unknown here")
    parts.node("n2", 4.0, "/login", 401, user="bob", reason="wrong user name or password")
    assert lines(requests.new()) == [
        "alice GET /login → n1 200",
        "alice GET /me → n2 401 session unknown here",
        "? GET /me → n2 401 session unknown here",
        "bob GET /login → n2 401 wrong user name or password",
    ]
    assert requests.new() == []


def test_checks_are_left_out_and_a_client_that_asks_the_same_is_not() -> None:
    parts = Printed()
    parts.node("n1", 1.0, "/readyz", 200, forwarded=False)
    parts.node("n1", 2.0, "/readyz", 200)
    assert lines(parts.requests().new()) == ["? GET /readyz → n1 200"]


def test_of_the_balancer_it_takes_its_own_answers_and_what_got_none() -> None:
    parts = Printed()
    parts.balancer(1.0, 200, backend="n1")
    parts.balancer(2.0, 503, detail="no backend is available; n1 down")
    parts.balancer(3.0, 502)
    parts.balancer(4.0, 499, backend="n1", cut="client")
    assert lines(parts.requests().new()) == [
        "? GET /me → the balancer 503 no backend is available",
        "? GET /me → the balancer 502 bad gateway",
        "? GET /me → n1 – no answer: cut by the client",
    ]


def test_of_the_balancer_before_somebody_s_app_it_takes_all() -> None:
    parts = Printed(is_of_an_app=True)
    parts.balancer(1.0, 200, backend="n1")
    parts.balancer(2.0, 502)
    assert lines(parts.requests().new()) == [
        "? GET /me → n1 200",
        "? GET /me → the balancer 502 bad gateway",
    ]


def test_a_half_line_waits_and_what_is_no_request_is_left() -> None:
    parts = Printed()
    requests = parts.requests()
    parts.node("n1", 1.0, "/me", 200, user="alice")
    whole = parts.logs["n1"]
    parts.logs["n1"] = b'node n1: hello\n{"oops\n{"a": 1}\n\xff\xfe\n' + whole[:40]
    assert requests.new() == []
    parts.logs["n1"] += whole[40:]
    assert lines(requests.new()) == ["alice GET /me → n1 200"]


@pytest.mark.parametrize(
    "row",
    [
        b'{"status": 200, "method": "GET"}',
        b'{"at": "soon", "status": [], "method": {}}',
        b'{"at": 1, "status": 200, "method": 3, "path": 4}',
        (
            b'{"at": 1, "status": 200, "method": "GET", "path": "/", "user": "x", "reason": "",'
            b' "seconds": 1, "credential": "", "granted": "", "forwarded": true, "auth": "basic"}'
        ),
    ],
)
def test_a_row_that_does_not_fit_is_skipped(row: bytes) -> None:
    parts = Printed()
    parts.logs = dict.fromkeys(parts.logs, row + b"\n")
    parts.node("n1", 1.0, "/me", 200, user="alice")
    assert lines(parts.requests().new()) == ["alice GET /me → n1 200"]


def test_a_log_is_read_in_portions_and_emptied_once_it_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessionlab.lab.bench.requests.MOST_BYTES", 300)
    parts = Printed()
    requests = parts.requests()
    for at in range(9):
        parts.node("n1", at, "/me", 200, user="alice")
    seen = 0
    for _ in range(20):
        seen += len(found := requests.new())
        assert len(found) <= 2
    assert (seen, parts.logs["n1"]) == (9, b"")
    parts.logs["n1"] = b"x" * 1000  # no line at all
    for _ in range(20):
        requests.new()
    parts.logs["n1"] += b"\n"
    parts.node("n1", 10, "/me", 200, user="alice")
    assert len([one for _ in range(5) for one in requests.new()]) == 1


def test_a_node_that_has_left_is_read_to_its_end_and_then_no_more() -> None:
    parts = Printed()
    requests = parts.requests()
    assert requests.new() == []
    parts.node("n1", 1.0, "/me", 200, user="alice")
    parts.left.add("n1")
    assert lines(requests.new()) == ["alice GET /me → n1 200"]
    requests.new()
    parts.asked.clear()
    requests.new()
    assert set(parts.asked) == {"n2", "balancer"}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("balancer", "says"),
    [
        ("builtin", "50[23] no backend .*"),
        pytest.param("haproxy", "503 service unavailable", marks=pytest.mark.needs("haproxy")),
        pytest.param("nginx", "502 bad gateway", marks=pytest.mark.needs("nginx")),
    ],
)
async def test_each_balancer_tells_what_it_answered_itself_and_no_more(
    make: Make, balancer: str, says: str
) -> None:
    async with make(nodes=1, balancer=balancer, watched=True) as cluster:
        requests = Requests(cluster.inventory)
        found: list[Request] = []

        async def logged(count: int) -> None:
            async def come() -> bool:
                found.extend(requests.new())
                return len(found) >= count

            await until(f"the logs to tell {count} requests", come)

        alice = cluster.client("alice")
        await alice.login()
        await alice.me()
        await logged(2)
        await cluster.kill("n1")
        await alice.me()
        await logged(3)
        *told_before, last = lines(found)
        assert told_before == ["alice POST /login → n1 200", "alice GET /me → n1 200"]
        assert re.fullmatch(rf"\? GET /me → the balancer {says}", last)


def test_a_node_s_row_gets_what_the_balancer_knows_of_the_request() -> None:
    parts = Printed()
    requests = parts.requests()
    of_both = {"request_id": "7f" * 50}
    parts.node("n1", 1.0, "/me", 200, user="alice", auth=0.01, **of_both)
    assert requests.new() == []
    parts.balancer(1.0, 200, backend="n1", affinity="DI", reason="backend-down", **of_both)
    (found,) = requests.new()
    assert (found.user, found.node, found.id) == ("alice", "n1", "7f" * 32)
    assert (found.pin, found.moved) == ("DI", "backend-down")
    assert found.hops == Hops(balancer=0.2, node=0.1, store=0.01)


def test_whose_a_credential_is_is_known_while_the_login_waits_for_its_other_row() -> None:
    parts = Printed()
    parts.node("n1", 1.0, "/login", 200, user="alice", granted="abcd", request_id="a")
    parts.node("n2", 2.0, "/me", 401, credential="abcd", reason="session unknown here")
    assert lines(parts.requests().new()) == ["alice GET /me → n2 401 session unknown here"]


def test_what_a_killed_node_has_answered_the_balancer_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessionlab.lab.bench.joining.PATIENCE", 0.0)
    parts = Printed()
    parts.balancer(1.0, 200, backend="n1", affinity="NI", request_id="a")
    (found,) = parts.requests().new()
    assert (found.path, found.node, found.status, found.pin) == ("/me", "n1", 200, "NI")


def test_a_request_that_was_cut_off_is_told_once_though_its_node_goes_on() -> None:
    parts = Printed()
    requests = parts.requests()
    parts.balancer(1.0, 499, backend="n1", cut="client", request_id="a")
    parts.balancer(1.1, 499, backend="n2", cut="client", request_id="b")
    parts.node("n2", 1.1, "/me", 200, user="alice", request_id="b")
    assert [one.cut for one in requests.new()] == ["client", "client"]
    parts.node("n1", 9.0, "/me", 200, user="alice", request_id="a")
    assert requests.new() == []
