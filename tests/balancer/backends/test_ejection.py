"""Passive ejection, slow start, panic and the retry budget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.backends.backend import Backend
from sessionlab.balancer.backends.ejection import Ejector
from sessionlab.balancer.config.model import Address, BackendSpec, EjectionPolicy
from sessionlab.balancer.proxy.retry_budget import RetryBudget
from tests.balancer.proxy.test_failure import hang_up
from tests.balancer.rawhttp import get, until

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab


def test_failures_in_a_row_eject_for_longer_each_time() -> None:
    ejector = Ejector(EjectionPolicy(failures=2, base=10, longest=35))
    now = 0.0
    for seconds in (10, 20, 35, 35):
        assert [ejector.failed(now) for _ in range(2)] == [False, True]
        assert not ejector.returns(now + seconds - 0.1)
        now += seconds
        assert ejector.returns(now)
        assert not ejector.returns(now), "it returns once"


def test_an_answer_wipes_the_slate() -> None:
    ejector = Ejector(EjectionPolicy(failures=2, base=10, longest=300))
    for _ in range(3):
        assert not ejector.failed(0.0)
        ejector.answered()
    assert ejector.until == 0.0


def test_zero_turns_ejection_off() -> None:
    ejector = Ejector(EjectionPolicy(failures=0))
    assert not any(ejector.failed(0.0) for _ in range(100))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_retries_never_exceed_their_share(rounds: list[tuple[int, int]]) -> None:
    budget = RetryBudget(share=0.2, most=5)
    requests = retries = 0
    for new, wanted in rounds:
        requests += new
        budget.earn(requests)
        retries += sum(budget.spend() for _ in range(wanted))
        assert retries <= 5 + 0.2 * requests + 1e-6


def test_a_slow_start_grows_to_the_full_weight() -> None:
    backend = Backend(BackendSpec("app", "n1", Address("h", 1), weight=3), healthy=True)
    backend.warm_up(100.0, 10.0)
    weights = []
    for second in range(11):
        backend.weigh(100.0 + second, 10.0)
        weights.append(backend.weight)
    assert weights == sorted(weights)
    assert (weights[0], weights[5], weights[10]) == (3, 15, 30)
    assert backend.warm_at == 0.0


async def test_a_backend_that_keeps_failing_is_left_alone_for_a_while(lab: Lab) -> None:
    bad, good = await lab.backend("bad", hang_up), await lab.backend("good")
    balancer = await lab.balancer(bad, good, eject_after=3, eject_time=0.3, response_timeout=1.0)
    client = await lab.client(balancer)
    for _ in range(10):
        assert (await client.get()).value("x-node") == b"good"
    assert len(bad.requests) == 3
    assert balancer.context.cluster.find("app", "bad").state == "ejected"
    bad.answer = b""
    await until(lambda: balancer.context.cluster.find("app", "bad").state == "up")
    assert {(await client.get()).value("x-node") for _ in range(2)} == {b"bad", b"good"}


async def test_a_request_of_death_ejects_nobody_who_is_the_last(lab: Lab) -> None:
    backends = [await lab.backend(f"n{i}", hang_up) for i in range(3)]
    balancer = await lab.balancer(*backends, eject_after=1, eject_time=60.0)
    client = await lab.client(balancer)
    for _ in range(6):
        assert (await client.get()).status == 502
    states = sorted(str(b.state) for b in balancer.context.cluster.backends())
    assert states == ["ejected", "ejected", "up"]
    for backend in backends:
        backend.answer = b""
    assert (await client.get()).status == 200


def test_one_that_was_kept_as_the_last_goes_when_it_is_not_the_last_any_more() -> None:
    ejector = Ejector(EjectionPolicy(failures=2))
    assert [ejector.failed(0.0, spare=False) for _ in range(3)] == [False] * 3
    assert ejector.failed(0.0)


async def test_in_panic_those_that_are_down_are_tried(lab: Lab) -> None:
    backend = await lab.backend()
    backend.ready = False
    careful = await lab.balancer(backend, await_up=False, health_interval=0.01)
    assert (await (await lab.client(careful)).get()).status == 503
    panicky = await lab.balancer(backend, await_up=False, health_interval=0.01, panic=True)
    assert (await (await lab.client(panicky)).get()).status == 200


async def test_a_busy_backend_makes_others_wait_their_turn(lab: Lab) -> None:
    backend = await lab.backend(answer=b"")
    busiest = now = 0

    async def slow(*things: object) -> None:
        nonlocal busiest, now
        now += 1
        busiest = max(busiest, now)
        await asyncio.sleep(0.005)
        now -= 1
        things[3].write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]

    backend.answer = slow
    balancer = await lab.balancer(backend, max_active=2)
    clients = [await lab.client(balancer) for _ in range(10)]
    answers = await asyncio.gather(*(client.get() for client in clients))
    assert [a.status for a in answers] == [200] * 10
    assert busiest == 2


async def test_a_full_queue_and_a_long_wait_are_503(lab: Lab) -> None:
    async def never(*things: object) -> None:
        await asyncio.sleep(60)

    balancer = await lab.balancer(
        await lab.backend(answer=never), max_active=1, max_queue=1, queue_timeout=0.05
    )
    first, second, third = [await lab.client(balancer) for _ in range(3)]
    await first.send(get())
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    await second.send(get())
    await until(lambda: len(balancer.context.cluster.services["app"].waiting) == 1)
    full = await third.get()
    assert (full.status, b"queue is full" in full.body) == (503, True)
    late = await second.answer()
    assert (late.status, late.value("retry-after")) == (503, b"1")


async def test_an_unpinned_request_avoids_a_full_backend(lab: Lab) -> None:
    async def never(*things: object) -> None:
        await asyncio.sleep(60)

    full, free = await lab.backend("full", never), await lab.backend("free")
    balancer = await lab.balancer(full, free, max_active=1)
    await (await lab.client(balancer)).send(get())
    await until(lambda: balancer.context.cluster.find("app", "full").active == 1)
    client = await lab.client(balancer)
    for _ in range(4):
        assert (await client.get()).value("x-node") == b"free"


async def test_connections_beyond_the_limit_are_turned_away(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(), max_connections=1)
    first, second = await lab.client(balancer), await lab.client(balancer)
    assert (await first.get()).status == 200
    assert (await second.answer()).status == 503
    assert await second.rest() == b""
