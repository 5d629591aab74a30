"""What an answer with SRV records means; a name server gives them in `test_discovery`."""

from __future__ import annotations

import pytest

from sessionlab.balancer.config.model import Address, DiscoverSpec
from sessionlab.balancer.services import names
from sessionlab.balancer.services.names import Names, Record, preferred

WEB = DiscoverSpec("app", "_http._tcp.node", 0, srv=True)


def records(*rows: tuple[int, int]) -> list[Record]:
    """Of these priorities and weights, each at a port of its own."""
    return [Record(first, weight, 8001 + n, f"n{n}") for n, (first, weight) in enumerate(rows)]


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([(10, 5), (20, 5), (10, 5)], {8001: 1, 8003: 1}),
        ([(0, 33), (0, 33), (0, 33)], {8001: 1, 8002: 1, 8003: 1}),
        ([(0, 60), (0, 20), (0, 0)], {8001: 3, 8002: 1, 8003: 1}),
        ([(0, 0), (0, 0)], {8001: 1, 8002: 1}),
        ([(0, 65535), (0, 1)], {8001: 1000, 8002: 1}),
        ([], {}),
    ],
)
def test_the_first_priority_counts_and_of_weights_the_ratio(
    said: list[tuple[int, int]], counts: dict[int, int]
) -> None:
    assert {r.port: r.weight for r in preferred(records(*said))} == counts


def test_no_service_at_all_and_no_port_are_no_backends() -> None:
    assert preferred([Record(0, 0, 0, "n1"), Record(0, 0, 1, ".")]) == []


class World:
    """The two kinds of question, answered without a name server; None fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.records: list[Record] = []
        self.hosts: dict[str, set[str] | None] = {}
        monkeypatch.setattr(names, "services", self._services)
        monkeypatch.setattr(names, "addresses", self._addresses)

    async def _services(self, name: str) -> list[Record]:
        return self.records

    async def _addresses(self, host: str, port: int) -> set[str]:
        found = self.hosts[host]
        if found is None:
            raise OSError("no such name")
        return found


async def test_every_address_of_every_target_is_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.records = records((0, 2), (0, 1))
    world.hosts = {"n0": {"10.0.0.1", "10.0.0.2"}, "n1": {"10.0.0.1"}}
    assert await Names().resolve(WEB) == {
        Address("10.0.0.1", 8001): 2,
        Address("10.0.0.2", 8001): 2,
        Address("10.0.0.1", 8002): 1,
    }


async def test_a_target_that_fails_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.records = records((0, 1), (0, 1), (0, 1))
    world.hosts = {"n0": {"10.0.0.1"}, "n1": {"10.0.0.2"}, "n2": None}
    resolver = Names()
    first = await resolver.resolve(WEB)
    assert len(first) == 2, "who was never known is nobody"
    world.hosts["n1"] = None
    assert await resolver.resolve(WEB) == first
    world.records = records((0, 1))
    assert list(await resolver.resolve(WEB)) == [Address("10.0.0.1", 8001)]
