"""Behind another proxy: whose word counts, and for what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.http.request_fields import Fields
from sessionlab.balancer.processes.single import running
from sessionlab.balancer.proxy.forward_headers import Peer, source_of
from tests.balancer.rawhttp import Client
from tests.field import field

if TYPE_CHECKING:
    from pathlib import Path

    from tests.balancer.conftest import Lab


@field("http", sources="indutny/sticky-session#6", peers="HAProxy set-src, nginx real_ip")
@pytest.mark.parametrize("option", [("affinity", "source"), ("algorithm", "hash:source")])
async def test_behind_a_trusted_proxy_the_source_is_the_client(
    lab: Lab, option: tuple[str, Any]
) -> None:
    backends = await lab.backends(4)
    balancer = await lab.balancer(*backends, trust_proxy=["127.0.0.0/8"], **dict([option]))
    client = await lab.client(balancer)
    where: dict[int, bytes | None] = {}
    for number in range(40):
        for _ in range(2):
            answer = await client.get("/", f"X-Forwarded-For: 192.0.2.{number}")
            node = answer.value("x-node")
            assert where.setdefault(number, node) == node
    assert len(set(where.values())) > 1, "and not all as the proxy"


@pytest.mark.parametrize(
    ("chain", "source"),
    [
        ("192.0.2.7", b"192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", b"192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 127.0.0.9", b"192.0.2.7"),
        ("127.0.0.8, 127.0.0.9", b"127.0.0.8"),
        ("192.0.2.7:4711", b"192.0.2.7"),
        ("[2001:db8::7]:80, ::ffff:127.0.0.9", b"2001:db8::7"),
        ("2001:DB8:0::7", b"2001:db8::7"),
        ("192.0.2.7, unknown", b"127.0.0.1"),
        ("192.0.2.7, nonsense, 127.0.0.9", b"127.0.0.9"),
        ("192.0.2.7,", b"127.0.0.1"),
        ("300.1.1.1", b"127.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_trusted_proxy(chain: str, source: bytes) -> None:
    fields = Fields(claimed={b"x-forwarded-for": chain.encode()})
    peer = Peer(b"127.0.0.1", b"http", (ip_network("127.0.0.0/8"),), b"")
    assert source_of(fields, peer) == source
    assert source_of(fields, replace(peer, trusted=None)) == b"127.0.0.1", "a stranger's word"


@pytest.mark.parametrize(
    ("chain", "source"),
    [
        ("for=192.0.2.7", b"192.0.2.7"),
        ("for=6.6.6.6, for=192.0.2.7", b"192.0.2.7"),
        ("For=192.0.2.7;proto=https;by=10.0.0.1, FOR=127.0.0.9", b"192.0.2.7"),
        ('proto=https;host="a.test:80";for="192.0.2.7:4711"', b"192.0.2.7"),
        ('for="[2001:DB8:0::7]:80"', b"2001:db8::7"),
        ('for="[2001:db8::7]:_port"', b"2001:db8::7"),
        ('for="[::ffff:192.0.2.7]"', b"192.0.2.7"),
        ("for=127.0.0.8, for=127.0.0.9", b"127.0.0.8"),
        ("for=192.0.2.7, for=unknown", b"127.0.0.1"),
        ("for=192.0.2.7, for=_hidden, for=127.0.0.9", b"127.0.0.9"),
        ("for=192.0.2.7, proto=https", b"127.0.0.1"),
        ("for=192.0.2.7,", b"127.0.0.1"),
        ("for=192.0.2.7;for=6.6.6.6", b"127.0.0.1"),
        ("for=2001:db8::7", b"127.0.0.1"),
        ("for = 192.0.2.7", b"127.0.0.1"),
        ("for=300.1.1.1", b"127.0.0.1"),
        ('for="6.6.6.6', b"127.0.0.1"),
        ('for=6.6.6.6;x=", for=192.0.2.7', b"192.0.2.7"),
        ('for=6.6.6.6;x=", for="[2001:db8::7]"', b"2001:db8::7"),
        ('for=192.0.2.7;host="a, for=6.6.6.6"', b"127.0.0.1"),
        (r'for=192.0.2.7;host="a, for=\"6.6.6.6\""', b"127.0.0.1"),
        ("6.6.6.6", b"127.0.0.1"),
        ("", b"127.0.0.1"),
    ],
)
def test_a_hop_of_forwarded_is_read_as_one_of_x_forwarded_for(chain: str, source: bytes) -> None:
    claimed = {b"forwarded": chain.encode(), b"x-forwarded-for": b"6.6.6.6"}
    trusted = (ip_network("127.0.0.0/8"),)
    peer = Peer(b"127.0.0.1", b"http", trusted, b"", told_by=b"forwarded")
    assert source_of(Fields(claimed=claimed), peer) == source
    assert source_of(Fields(claimed=claimed), replace(peer, trusted=None)) == b"127.0.0.1"


@field("http", sources="RFC 7239 5.2, RFC 7239 8.1", peers="nginx real_ip_header: one, as here")
async def test_one_header_tells_the_client_and_the_other_chooses_nobodys_pin(lab: Lab) -> None:
    backends = await lab.backends(2)
    options: dict[str, Any] = {"trust_proxy": ["127.0.0.0/8"], "affinity": "source"}
    liars = {
        "forwarded": ("Forwarded: for=192.0.2.7", "X-Forwarded-For: 192.0.2.{}"),
        "x-forwarded-for": ("X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.{}"),
    }
    for header, (truth, lie) in liars.items():
        client = await lab.client(await lab.balancer(*backends, trust_header=header, **options))
        answers = [await client.get("/", lie.format(number), truth) for number in range(20)]
        assert len({answer.value("x-node") for answer in answers}) == 1
        request = [r for b in backends for r in b.requests][-1]
        assert request.values("x-forwarded-for") == [b"192.0.2.7, 127.0.0.1"]


@field("http", sources="indutny/sticky-session#6", peers="nginx: set_real_ip_from unix:")
@pytest.mark.parametrize("trust", [[], ["127.0.0.0/8"], ["unix"]])
async def test_a_proxy_at_a_unix_socket_is_believed_when_that_is_said(
    lab: Lab, tmp_path: Path, trust: list[str]
) -> None:
    backend = await lab.backend()
    where = str(tmp_path / "socket")
    options = Options(
        listen=f"unix:{where}",
        admin="none",
        backend=[backend.spec],
        trust_proxy=trust,
        health_interval=0.0,
    )
    async with running(configure(options)):
        reader, writer = await asyncio.open_unix_connection(where)
        await Client(reader, writer).get("/", "X-Forwarded-For: 192.0.2.7")
        writer.transport.abort()
    told = b"192.0.2.7, unknown" if trust == ["unix"] else b"unknown"
    assert backend.requests[0].values("x-forwarded-for") == [told]


@pytest.mark.parametrize(
    "options",
    [{"trust_proxy": ["unix"]}, {"trust_header": "x-real-ip"}, {"trust_proxy": ["unix:/a"]}],
)
def test_a_trust_that_would_do_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--trust-"):
        configure(Options(backend=["a=127.0.0.1:1"], **options))


@field("http", sources="indutny/sticky-session#6", peers="HAProxy and nginx pass them on")
@pytest.mark.parametrize("trusted", [False, True])
async def test_what_a_trusted_proxy_says_of_the_user_arrives_and_a_strangers_word_does_not(
    lab: Lab, trusted: bool
) -> None:
    backend = await lab.backend()
    trust = ["127.0.0.0/8"] if trusted else []
    client = await lab.client(await lab.balancer(backend, trust_proxy=trust))
    names = ["X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Client-Cert", "X-Real-IP"]
    bad = ["X_Forwarded_User: evil", "X-Forwarded-Hop: evil", "Connection: X-Forwarded-Hop"]
    await client.get("/", *(f"{name}: ann" for name in names), *bad)
    request = backend.requests[0]
    assert [request.values(name) for name in names] == [[b"ann"] if trusted else []] * 4
    assert b"evil" not in request.head
