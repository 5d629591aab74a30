import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from sessionlab.nodes.errors import Problem, Reason, Refused
from sessionlab.nodes.transports.bearer import BearerTransport

TRANSPORT = BearerTransport()


def headers(*lines: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([("Authorization", line) for line in lines]))


@pytest.mark.parametrize(
    ("lines", "token"),
    [
        ((), None),
        (("",), None),
        (("Basic abc",), None),
        (("Bearerabc",), None),
        (("Bearer",), ""),
        (("Bearer abc",), "abc"),
        (("bEARER   abc ",), "abc"),
    ],
)
def test_the_token_is_found(lines: tuple[str, ...], token: str | None) -> None:
    assert TRANSPORT.read(headers(*lines)) == token


def test_two_authorizations_are_a_malformed_request() -> None:
    with pytest.raises(Problem) as caught:
        TRANSPORT.read(headers("Bearer abc", "Bearer abc"))
    assert (caught.value.status, caught.value.code) == (400, "credential-ambiguous")


@given(st.text())
def test_any_header_can_be_read(line: str) -> None:
    token = TRANSPORT.read(headers(line))
    assert token is None or token in line


def test_a_token_is_handed_over_in_the_body_alone() -> None:
    delivery = TRANSPORT.deliver("abc", 60, secure=True)
    assert delivery.headers == {}
    assert delivery.members == {"access_token": "abc", "token_type": "Bearer", "expires_in": 60}
    assert TRANSPORT.withdraw(secure=True).headers == {}


def test_a_token_too_large_for_proxies_is_refused_aloud() -> None:
    TRANSPORT.deliver("a" * 4096, 60, secure=False)
    with pytest.raises(Problem) as caught:
        TRANSPORT.deliver("a" * 4097, 60, secure=False)
    assert (caught.value.status, caught.value.code) == (409, "token-too-large")


def test_the_challenge_names_an_error_only_when_a_token_came() -> None:
    assert TRANSPORT.challenge(Refused(Reason.NO_CREDENTIAL)) == 'Bearer realm="sessionlab"'
    assert TRANSPORT.challenge(Refused(Reason.PASSWORD)) == 'Bearer realm="sessionlab"'
    assert TRANSPORT.challenge(Refused(Reason.TOKEN_EXPIRED)) == (
        'Bearer realm="sessionlab", error="invalid_token", error_description="token expired"'
    )


def test_no_description_has_a_character_that_the_rfc_forbids() -> None:
    # RFC 6750 section 3: printable ASCII without the quote and the backslash.
    for reason in Reason:
        assert set(reason.words) <= {chr(c) for c in range(0x20, 0x7F)} - {'"', "\\"}
