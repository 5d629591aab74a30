"""What is said of a session's cookie and of a token."""

from __future__ import annotations

import pytest

from sessionlab.lab.outside.credentials import flags, jwt
from sessionlab.lab.outside.seen import Seen, Token, set_cookie

GOOD = "__Host-sid; Path=/; Secure; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("line", "severity", "says"),
    [
        (GOOD, "good", "Secure, HttpOnly and SameSite are set"),
        ("sid; Path=/; Secure; HttpOnly; SameSite=Lax", "info", "no __Host- prefix"),
        ("sid; Path=/; HttpOnly; SameSite=Lax", "bad", "no Secure"),
        ("sid; Path=/; Secure; SameSite=Lax", "warn", "no HttpOnly"),
        (GOOD.replace("Lax", "None"), "warn", "SameSite=None"),
        (GOOD.replace("Path=/", "Path=/shop"), "bad", "browsers refuse it"),
        (f"{GOOD}; Domain=example.org", "bad", "browsers refuse it"),
        ("__Secure-sid; HttpOnly; SameSite=Lax", "bad", "browsers refuse it"),
        ("sid; Secure; HttpOnly; SameSite=Lax; Domain=example.org", "info", "goes to all of"),
    ],
)
def test_the_flags_of_a_session_cookie_over_tls(line: str, severity: str, says: str) -> None:
    cookie = set_cookie(line)
    found = flags(Seen(https=True, cookies={cookie.name: cookie}), cookie.name)
    assert (found.severity, says in found.says) == (severity, True), found


@pytest.mark.parametrize(
    ("token", "severities"),
    [
        (Token("x", "RS256", 900.0, ["sub"]), ["info"]),
        (Token("x", "RS256", 7 * 86400.0, ["sub"]), ["warn"]),
        (Token("x", "RS256", None, ["sub"]), ["bad"]),
        (Token("x", "none", 900.0, ["sub"]), ["bad", "info"]),
        (Token("x", "RS256", 900.0, ["email", "sub"]), ["info", "warn"]),
    ],
)
def test_a_token_s_faults(token: Token, severities: list[str]) -> None:
    assert [found.severity for found in jwt(token)] == severities
