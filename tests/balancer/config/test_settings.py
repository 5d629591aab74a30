"""Settings that browsers refuse, or that mean nothing, are not accepted in silence."""

from __future__ import annotations

from typing import Any

import pytest

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.config.warnings import warnings
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.services.registry import Cluster
from tests.field import field

SECURE = {"cookie_secure": True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cookie_name": "__Host-x"}, "without --cookie-secure"),
        ({"cookie_name": "__secure-x"}, "without --cookie-secure"),
        ({"cookie_name": "__HOST-x", "cookie_path": "/a", **SECURE}, "another --cookie-path"),
        ({"cookie_name": "__Host-x", "cookie_domain": "a.test", **SECURE}, "a --cookie-domain"),
        ({"cookie_partitioned": True}, "Partitioned: browsers refuse it without"),
        ({"cookie_path": "app"}, "not from /"),
        ({"cookie_path": ""}, "not from /"),
        ({"cookie_domain": "https://shop.test"}, "no host name"),
        ({"cookie_domain": "shop.test:8080"}, "no host name"),
    ],
)
@field("pins", sources="RFC 6265bis sections 4.1.3 and 5.7")
def test_a_cookie_that_browsers_refuse_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        configure(Options(affinity="cookie", **options))


@pytest.mark.parametrize(
    "options",
    [
        {"cookie_name": "__Host-x", **SECURE},
        {"cookie_name": "__Secure-x", "cookie_path": "/a", "cookie_domain": ".a.test", **SECURE},
        {"cookie_name": "__Host-x", "tls_cert": "some.pem"},
        {"cookie_same_site": "None", "cookie_partitioned": True, **SECURE},
    ],
)
def test_one_that_they_take_is_taken(options: dict[str, Any]) -> None:
    configure(Options(affinity="cookie", **options))


@pytest.mark.parametrize(
    ("affinity", "said"),
    [
        ("cookie:SRV", "--cookie-name is its name"),
        ("source:", "source takes nothing"),
        ("none:x", "none takes nothing"),
        ("learn:a;b", "can't be the name of a header or a cookie"),
        ("header:X Y", "can't be the name of a header or a cookie"),
        ("learn-header:X:Y", "can't be the name of a header or a cookie"),
        ("query:a=b", "can't be the name of a parameter"),
        ("query:a b", "can't be the name of a parameter"),
    ],
)
@field("pins", sources="RFC 9110 section 5.6.2")
def test_an_affinity_that_could_tie_nobody_is_refused(affinity: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Cluster(configure(Options(affinity=affinity)))


@pytest.mark.parametrize(
    "algorithm", ["round-robin:source", "hash:header:X Y", "hash:cookie:a;b", "hash:query:a&b"]
)
def test_a_key_that_means_nothing_is_refused(algorithm: str) -> None:
    with pytest.raises(UsageError, match=r"takes no key|can't be the name"):
        Cluster(configure(Options(algorithm=algorithm)))


@field("pins", sources="HAProxy configuration manual, `dynamic-cookie-key`")
def test_that_a_restart_pins_everybody_anew_is_said_at_the_start() -> None:
    def doubts(affinity: str, secret: bytes, *, made: bool = False) -> list[str]:
        return list(warnings(configure(Options(affinity=affinity), {}, secret, secret_made=made)))

    (said,) = doubts("cookie", b"")
    assert "no BALANCER_COOKIE_SECRET" in said
    assert doubts("cookie", b"made", made=True) == [said]
    assert doubts("cookie", b"given") == []
    assert doubts("learn:sid", b"") == []
