import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from sessionlab.nodes.errors import Problem, Reason, Refused
from sessionlab.nodes.transports.cookie import CookieTransport, cookie_values
from tests.field import field

TRANSPORT = CookieTransport("sid")


def headers(*lines: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([("Cookie", line) for line in lines]))


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ((), None),
        (("",), None),
        (("a=b",), None),
        (("sid",), None),
        (("SID=x",), None),
        (("xsid=x; sidx=y",), None),
        (("sid=x",), "x"),
        (("sid=",), ""),
        (("a=b; sid=x; c=d",), "x"),
        (("a=b;sid=x;",), "x"),
        (("a=b; ;;=; sid = x",), "x"),
        (("a=b", "sid=x"), "x"),
        (("sid=x=y",), "x=y"),
        (('sid="x"',), '"x"'),
        (("sid=x; sid=x",), "x"),
        (('a="; sid=x',), "x"),
    ],
)
def test_the_cookie_is_found_among_others(lines: tuple[str, ...], value: str | None) -> None:
    assert TRANSPORT.read(headers(*lines)) == value


@pytest.mark.parametrize("lines", [("sid=x; sid=y",), ("sid=x", "sid=y"), ("sid=; sid=x",)])
def test_of_two_different_cookies_neither_is_believed(lines: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as caught:
        TRANSPORT.read(headers(*lines))
    assert caught.value.reason is Reason.AMBIGUOUS


@given(st.lists(st.text(), max_size=3))
def test_any_header_can_be_read(lines: list[str]) -> None:
    for value in cookie_values(headers(*lines), "sid"):
        assert any(value in line for line in lines)


def test_the_cookie_has_every_attribute() -> None:
    plain = TRANSPORT.deliver("abc", 60, secure=False).headers["Set-Cookie"]
    assert plain == "sid=abc; Path=/; HttpOnly; SameSite=Lax"
    secure = TRANSPORT.deliver("abc", 60, secure=True).headers["Set-Cookie"]
    assert secure == "sid=abc; Path=/; HttpOnly; SameSite=Lax; Secure"


@pytest.mark.parametrize("name", ["__Host-sid", "__secure-sid"])
@field("pins", sources="RFC 6265bis section 4.1.3")
def test_a_cookie_whose_name_needs_secure_has_it_wherever_it_is_asked_for(name: str) -> None:
    transport = CookieTransport(name)
    assert transport.deliver("abc", 60, secure=False).headers["Set-Cookie"].endswith("; Secure")
    assert "; Secure; Max-Age=0" in transport.withdraw(secure=False).headers["Set-Cookie"]


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_cleared_with_the_attributes_it_was_set_with(secure: bool) -> None:
    set_ = TRANSPORT.deliver("abc", 60, secure=secure).headers["Set-Cookie"]
    cleared = TRANSPORT.withdraw(secure=secure).headers["Set-Cookie"]
    attributes = set_.removeprefix("sid=abc")
    assert cleared.startswith(f"sid={attributes}")
    assert cleared.removeprefix(f"sid={attributes}") == (
        "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )


def test_a_cookie_that_a_browser_would_drop_is_refused_aloud() -> None:
    TRANSPORT.deliver("a" * 4093, 60, secure=True)
    with pytest.raises(Problem) as caught:
        TRANSPORT.deliver("a" * 4094, 60, secure=True)
    assert (caught.value.status, caught.value.code) == (409, "cookie-too-large")
    assert "4097" in caught.value.detail


def test_the_challenge_names_the_cookie_and_no_scheme_that_pops_up_a_dialogue() -> None:
    challenge = TRANSPORT.challenge(Refused(Reason.SESSION_UNKNOWN))
    assert challenge.startswith("Cookie realm=")
    assert 'cookie-name="sid"' in challenge
