import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.nodes.errors import ListenError, OptionError
from sessionlab.nodes.process.listening import Address, bound_address, listen, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8001", Address("127.0.0.1", 8001)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)),
        ("0.0.0.0:1", Address("0.0.0.0", 1)),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["", "8001", ":8001", "host", "host:", "::1:80", "h:65536", "h:-1", "h:٣", "h:1x", "[]:1"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse_address(text)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except OptionError:
        return
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_port_0_takes_a_free_one(host: str) -> None:
    with listen(Address(host, 0)) as listener:
        found = bound_address(listener)
        assert found.host == host
        assert found.port > 0


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with listen(Address("127.0.0.1", 0)) as listener:
        address = bound_address(listener)
        with pytest.raises(ListenError) as caught:
            listen(address)
    assert str(caught.value) == (
        f"cannot listen on {address}: address already in use."
        " Choose another --listen, or stop what holds it."
    )


def test_a_host_that_is_not_ours_or_not_there_is_said() -> None:
    with pytest.raises(ListenError, match="this machine has no such address"):
        listen(Address("192.0.2.1", 0))
    for host in ("host.invalid", "a" * 300, "\ud800", "a..b"):
        with pytest.raises(ListenError, match="no such host"):
            listen(Address(host, 0))
