"""Backends found by name: what an answer of the resolver changes, and the whole of it for real."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.affinity.interface import Claim
from sessionlab.balancer.affinity.row import key_of
from sessionlab.balancer.backends.state import Finding, State
from sessionlab.balancer.config.model import (
    Address,
    Config,
    DiscoverSpec,
    HealthPolicy,
    ServicePolicy,
)
from sessionlab.balancer.config.parsing import parse_address, parse_backend, parse_discover
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.http.response_head import NO_RESPONSE
from sessionlab.balancer.services import report
from sessionlab.balancer.services.discovery import Discovery, specs
from sessionlab.balancer.services.metrics import Metrics
from sessionlab.balancer.services.names import Names
from sessionlab.balancer.services.registry import Cluster
from tests.field import field
from tests.installed import IN_CI, needs

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend

NODE = DiscoverSpec("app", "node", 8001)
NO_SRV = ["srv:", "srv:a b", "srv:_http._tcp.node:80", "/srv:_http._tcp.node", "unix:/a", "srv:é"]
BOTH = ["10.0.0.1-8001", "10.0.0.2-8001"]


class Resolver:
    """Answers what it was told last; an exception is raised."""

    def __init__(self) -> None:
        self.answer: set[str] | OSError = set()
        self.weight: int | None = None

    async def __call__(self, wanted: DiscoverSpec) -> dict[Address, int | None]:
        if isinstance(self.answer, OSError):
            raise self.answer
        return dict.fromkeys((Address(ip, wanted.port) for ip in self.answer), self.weight)


class World:
    """A discovery over a cluster without sockets, and what it said."""

    def __init__(self, *backends: str, limit: float = 0.0, interval: float = 2.0) -> None:
        listen = parse_address("127.0.0.1:1")
        config = Config(
            listen,
            None,
            tuple(map(parse_backend, backends)),
            discover=(NODE,),
            secret=b"s",
            drain_limit=limit,
            default_policy=ServicePolicy(affinity="source"),
            health=HealthPolicy(interval=interval, timeout=0.1),
        )
        self.cluster = Cluster(config)
        self.resolver = Resolver()
        self.changes = 0
        self.said: list[str] = []
        self.discovery = Discovery(
            self.cluster, self._changed, self.said.append, self._reports, self.resolver
        )

    async def _reports(self) -> list[dict[str, Any]]:
        counters = report.counters(self.cluster, self.cluster.wall)
        return [{**counters, "connections": 0, **Metrics().report()}]

    def _changed(self) -> None:
        self.changes += 1

    async def look(self, answer: set[str] | OSError) -> list[str]:
        self.resolver.answer = answer
        await self.discovery.look(NODE)
        return sorted(backend.name for backend in self.cluster.backends())

    def backend(self, name: str) -> Backend:
        return self.cluster.find("app", name)

    def find(self, finding: Finding) -> None:
        for backend in self.cluster.backends():
            self.cluster.set_finding(backend, finding)

    async def with_a_client(self) -> Backend:
        """Two backends that answer, the first of which has a client and has left the name."""
        await self.look({"10.0.0.1", "10.0.0.2"})
        self.find(Finding.READY)
        gone = self.backend("10.0.0.1-8001")
        service = self.cluster.services["app"]
        claim = Claim(key_of(b"192.0.2.1"), b"")
        found = service.affinity.find(claim, self.cluster.wall)
        service.affinity.settle(claim, found, gone, NO_REQUEST, NO_RESPONSE, self.cluster.wall)
        assert await self.look({"10.0.0.2"}) == BOTH
        return gone


async def test_every_address_of_a_name_is_a_backend() -> None:
    world = World()
    assert await world.look({"10.0.0.2", "10.0.0.1"}) == ["10.0.0.1-8001", "10.0.0.2-8001"]
    assert str(world.backend("10.0.0.1-8001").address) == "10.0.0.1:8001"


async def test_the_same_answer_again_changes_nothing() -> None:
    world = World()
    await world.look({"10.0.0.1"})
    before = world.backend("10.0.0.1-8001")
    await world.look({"10.0.0.1"})
    assert world.backend("10.0.0.1-8001") is before
    assert world.changes == 1


@field(
    "http",
    sources="nginx/kubernetes-ingress#267, emissary-ingress/emissary#1473, envoyproxy/envoy#7218",
)
async def test_an_address_that_vanishes_and_still_answers_drains() -> None:
    world = World()
    gone = await world.with_a_client()
    assert gone.state is State.DRAIN
    for _ in range(3):
        assert await world.look({"10.0.0.2"}) == BOTH
    assert world.said[2:] == ["backend app/10.0.0.1-8001 drains: node has it no more"]


async def test_it_goes_when_it_answers_no_more() -> None:
    world = World()
    world.cluster.set_finding(await world.with_a_client(), Finding.DOWN)
    assert await world.look({"10.0.0.2"}) == ["10.0.0.2-8001"]
    assert "answers no more" in world.said[-1]


async def test_without_checks_a_connection_says_whether_it_answers() -> None:
    world = World(interval=0.0)
    with socket.create_server(("127.0.0.1", 0)) as there:
        spec = DiscoverSpec("app", "node", there.getsockname()[1])
        world.resolver.answer = {"127.0.0.1", "127.0.0.2"}
        await world.discovery.look(spec)
        world.backend(f"127.0.0.1-{spec.port}").active = 1
        world.resolver.answer = {"127.0.0.2"}
        await world.discovery.look(spec)
        assert world.backend(f"127.0.0.1-{spec.port}").state is State.DRAIN
    await world.discovery.look(spec)
    assert [b.name for b in world.cluster.backends()] == [f"127.0.0.2-{spec.port}"]


async def test_it_goes_when_nobody_is_left_and_no_request_is_under_way() -> None:
    world = World()
    await world.look({"10.0.0.1", "10.0.0.2"})
    world.find(Finding.READY)
    world.backend("10.0.0.1-8001").active = 1
    assert await world.look({"10.0.0.2"}) == BOTH
    world.backend("10.0.0.1-8001").active = 0
    assert await world.look({"10.0.0.2"}) == ["10.0.0.2-8001"]
    assert "nobody is left" in world.said[-1]


async def test_it_goes_at_the_limit_of_its_drain() -> None:
    world = World(limit=60.0)
    gone = await world.with_a_client()
    gone.draining = 1.0
    assert await world.look({"10.0.0.2"}) == ["10.0.0.2-8001"]
    assert "limit" in world.said[-1]


@pytest.mark.parametrize("asked", [State.UP, State.DRAIN])
async def test_who_comes_back_is_what_it_was(asked: State) -> None:
    world = World()
    await world.look({"10.0.0.1", "10.0.0.2"})
    world.cluster.change("app", "10.0.0.1-8001", asked, None)
    gone = await world.with_a_client()
    await world.look({"10.0.0.1", "10.0.0.2"})
    assert world.backend("10.0.0.1-8001") is gone
    assert gone.asked is asked


@field("http", sources="moby/moby#30321")
async def test_a_name_without_an_address_changes_nothing_and_is_told() -> None:
    world = World()
    await world.look({"10.0.0.1"})
    for _ in range(2):
        assert await world.look(set()) == ["10.0.0.1-8001"]
    assert world.said[1:] == ["cannot resolve node: it has no address; 1 backends stay as they are"]


async def test_who_vanishes_and_is_down_is_removed_and_the_others_stay_who_they_are() -> None:
    world = World()
    await world.look({"10.0.0.1", "10.0.0.2"})
    gone, kept = world.backend("10.0.0.1-8001"), world.backend("10.0.0.2-8001")
    assert await world.look({"10.0.0.2", "10.0.0.3"}) == ["10.0.0.2-8001", "10.0.0.3-8001"]
    assert gone.retired
    assert world.backend("10.0.0.2-8001") is kept
    assert world.said[-2:] == [
        "backend app/10.0.0.1-8001 is gone: node has it no more",
        "backend app/10.0.0.3-8001 is new: node has it",
    ]


async def test_a_name_that_does_not_resolve_changes_nothing_and_is_told_once() -> None:
    world = World()
    await world.look({"10.0.0.1"})
    nobody = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    for _ in range(3):
        assert await world.look(nobody) == ["10.0.0.1-8001"]
    await world.look({"10.0.0.1"})
    assert world.said[1:] == [
        "cannot resolve node: Name or service not known; 1 backends stay as they are",
        "node resolves again",
    ]


async def test_a_weight_is_taken_over_when_it_changes_and_one_by_hand_stays_till_then() -> None:
    world = World()
    weights: list[int] = []
    for weight, by_hand in ((2, None), (2, 7), (2, None), (3, None)):
        world.resolver.weight = weight
        if by_hand is not None:
            world.cluster.change("app", BOTH[0], None, by_hand)
        await world.look({"10.0.0.1", f"10.0.0.{len(weights) + 2}"})
        weights.append(world.backend(BOTH[0]).share)
    assert weights == [2, 7, 7, 3]


async def test_a_backend_that_was_added_by_hand_is_not_taken_away() -> None:
    world = World("10.0.0.1-8001=10.0.0.1:8001")
    await world.look({"10.0.0.1"})
    assert "there already" in world.said[0]
    assert await world.look({"10.0.0.2"}) == ["10.0.0.1-8001", "10.0.0.2-8001"]


async def test_what_a_new_configuration_does_not_name_is_let_go() -> None:
    world = World()
    await world.look({"10.0.0.1"})
    world.discovery.follow(world.cluster.config)
    world.discovery.follow(Config(world.cluster.config.listen, None, secret=b"s"))
    assert world.cluster.backends() == []
    await world.discovery.stop()


async def test_the_resolver_is_the_machine_s_own() -> None:
    found = await Names().resolve(DiscoverSpec("app", "localhost", 80))
    assert found[Address("127.0.0.1", 80)] is None


def test_an_address_of_ipv6_makes_a_name_too() -> None:
    found: dict[Address, int | None] = {Address(ip, 8001): None for ip in ("fd00::5", "::1")}
    names = {spec.name: str(spec.address) for spec in specs(NODE, found)}
    assert names == {"fd00--5-8001": "[fd00::5]:8001", "1-8001": "[::1]:8001"}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("node:8001", NODE),
        ("shop/node.internal:80", DiscoverSpec("shop", "node.internal", 80)),
        ("srv:8001", DiscoverSpec("app", "srv", 8001)),
        ("srv:_http._tcp.node", DiscoverSpec("app", "_http._tcp.node", 0, srv=True)),
        ("shop/srv:web.service.consul", DiscoverSpec("shop", "web.service.consul", 0, srv=True)),
    ],
)
def test_a_discovery_is_named_by_service_host_and_port(text: str, parsed: DiscoverSpec) -> None:
    assert parse_discover(text) == parsed


@pytest.mark.parametrize(
    "text", ["node", "node:0", "node:x", ":80", "a b/node:80", "/node:80", "", *NO_SRV]
)
def test_what_is_no_discovery_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"discover|service"):
        parse_discover(text)


@needs("ip")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_name_server_s_answers_are_followed(workers: int) -> None:
    in_own_namespaces("addresses", workers)


@needs("ip")
@field(
    "http",
    sources="RFC 2782, moby/moby#30321",
    peers="HAProxy: server-template with `_http._tcp.name`; nginx plus: `service=`; Envoy: none",
)
def test_srv_records_bring_ports_and_weights_and_are_followed_as_addresses_are() -> None:
    in_own_namespaces("services", 2)


def in_own_namespaces(story: str, workers: int) -> None:
    """The balancer, the C library's resolver, a name server: alone in their own namespaces."""
    alone = ["unshare", "-Urmn"]
    try_it = ["sh", "-c", shlex.join([*alone, "true"])]
    if not IN_CI and subprocess.run(try_it, check=False).returncode:
        pytest.skip("this machine gives nobody namespaces of their own")
    told = subprocess.run(
        [*alone, sys.executable, "-m", "tests.balancer.named", story, str(workers)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert told.returncode == 0, told.stdout + told.stderr
