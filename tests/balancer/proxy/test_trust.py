"""Behind another proxy: whose word counts, and for what."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.http.request_fields import Fields
from sessionlab.balancer.proxy.forward_headers import Peer, source_of
from tests.field import field

if TYPE_CHECKING:
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
    assert source_of(fields, replace(peer, trusted=())) == b"127.0.0.1", "a stranger's word"


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
