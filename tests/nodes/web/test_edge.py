import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.web.edge import Edge, parse_networks

TRUSTING = Edge("auto", parse_networks("127.0.0.1, 10.0.0.0/8,::1"))


def proto(*values: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([("X-Forwarded-Proto", value) for value in values]))


def test_nobody_is_believed_unless_trusted() -> None:
    assert not Edge().is_secure("127.0.0.1", proto("https"))
    assert not TRUSTING.is_secure("192.0.2.1", proto("https"))


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "::1", "::ffff:10.1.2.3"])
def test_a_trusted_proxy_tells_whether_the_edge_is_tls(peer: str) -> None:
    assert TRUSTING.is_secure(peer, proto("https"))
    assert TRUSTING.is_secure(peer, proto("HTTPS , http"))
    assert not TRUSTING.is_secure(peer, proto("http"))
    assert not TRUSTING.is_secure(peer, proto())


def test_always_and_never_ask_nobody() -> None:
    assert Edge("always").is_secure("192.0.2.1", proto())
    never = Edge("never", TRUSTING.trusted)
    assert not never.is_secure("127.0.0.1", proto("https"))


@given(st.none() | st.text())
def test_a_peer_without_an_address_is_not_trusted(peer: str | None) -> None:
    assert not TRUSTING.trusts(peer)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "300.1.1.1", "host", "10.0.0.0/33", "1.2.3.4;"])
def test_networks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="Give networks as"):
        parse_networks(text)


def test_no_networks_is_nobody() -> None:
    assert str(parse_networks("")) == "none"
    assert str(parse_networks("10.0.0.0/8,::1")) == "10.0.0.0/8,::1/128"
