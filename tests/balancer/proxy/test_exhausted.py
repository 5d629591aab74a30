"""A balancer that has no descriptor left: its own trouble, and no backend's."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.backends.state import Finding, Seen
from sessionlab.balancer.config.model import Address, HealthPolicy
from sessionlab.balancer.health.probe import probe
from sessionlab.balancer.health.rise_fall import RiseFall
from sessionlab.balancer.services import metrics
from tests.balancer.conftest import client_connections
from tests.balancer.rawhttp import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.balancer.conftest import Lab


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """This process, and so the balancer in it, can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)  # the lowest one that is free: the next would be this
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_request_is_refused_for_it_and_no_backend_blamed(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2), eject_after=1)
    client = await lab.client(balancer)
    await until(lambda: len(client_connections(balancer)) == 1)
    with no_descriptor_left():
        for _ in range(3):
            answer = await client.get()
            assert answer.status == 503
            assert b"the balancer can open no more connections: Too many open files" in answer.body
    backends = list(balancer.context.cluster.backends())
    assert [(b.failures, b.retries, b.state) for b in backends] == [(0, 0, "up")] * 2
    assert (await client.get()).status == 200
    whole = metrics.total([balancer.context.report()])
    assert "balancer_exhausted_total 3" in metrics.render(whole, backends)


@pytest.mark.parametrize("by", ["http", "tcp"])
async def test_a_check_that_could_not_be_made_has_seen_nothing(lab: Lab, by: str) -> None:
    backend = await lab.backend()
    host, _, port = backend.spec.partition("=")[2].rpartition(":")
    address = Address(host, int(port))
    with no_descriptor_left():
        check = await probe(address, HealthPolicy(probe=by))
    assert check.seen is Seen.NOTHING
    assert check.why == "the balancer can open no more connections: Too many open files"


def test_what_was_not_seen_neither_turns_a_finding_nor_breaks_a_row() -> None:
    count = RiseFall(2, 2, Finding.READY)
    seen = [count.see(what) for what in (Seen.NOTHING, Seen.BAD, Seen.NOTHING, Seen.BAD)]
    assert seen == [False, False, False, True]
