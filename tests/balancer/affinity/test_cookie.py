"""The sealed token: what it says, when it ends, and that nobody else can make one."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.affinity.cookie import CookieAffinity
from sessionlab.balancer.affinity.interface import LEFT_ALONE
from sessionlab.balancer.affinity.table import Bounds, Table
from sessionlab.balancer.backends.backend import Backend, Found
from sessionlab.balancer.backends.pin import EXPIRED, INSERTED, INVALID, NONE, OLD, UPDATED, VALID
from sessionlab.balancer.config.model import Address, BackendSpec, CookiePolicy
from sessionlab.balancer.config.parsing import cookie_policy
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.http.request_fields import Fields

BACKEND = Backend(BackendSpec("app", "n1", Address("127.0.0.1", 1)), healthy=True)


def affinity(service: str = "app", secret: bytes = b"k", **policy_values: Any) -> CookieAffinity:
    policy = CookiePolicy(name="S", exact=True, **policy_values)
    pins_to = {BACKEND.pin: BACKEND}
    return CookieAffinity(service, policy, secret, pins_to, Table(Bounds(100, 60.0), pins_to, 0.0))


def cookie(affine: CookieAffinity, now: float = 1000.0) -> bytes:
    stranger = affine.claim(Fields(), b"")
    line, done = affine.settle(stranger, Found(None, NONE), BACKEND, (), now)
    assert done == INSERTED
    return line.removeprefix(b"Set-Cookie: ").partition(b";")[0]


def verdict(affine: CookieAffinity, value: bytes, now: float = 1000.0) -> Found:
    return affine.find(affine.claim(Fields(cookie=value), b""), now)


def test_a_token_leads_back_for_its_service_and_secret_only() -> None:
    mine = affinity()
    token = cookie(mine)
    assert verdict(mine, token) == (BACKEND, VALID, "")
    assert verdict(affinity(service="other"), token).verdict == INVALID
    assert verdict(affinity(secret=b"other"), token).verdict == INVALID


def test_what_is_no_token_by_its_length_is_not_kept() -> None:
    mine = affinity()
    tracemalloc.start()
    for i in range(300):
        assert verdict(mine, b"S=%d%b" % (i, b"x" * 15_000)).verdict == INVALID
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 300_000


def test_a_token_ends_by_idle_time_and_by_life() -> None:
    idle, life = affinity(max_idle=60), affinity(max_life=60)
    assert verdict(idle, cookie(idle), now=1060).verdict == VALID
    assert verdict(idle, cookie(idle), now=1061).verdict == EXPIRED
    assert verdict(life, cookie(life), now=1060).verdict == VALID
    assert verdict(life, cookie(life), now=1061).verdict == OLD


def test_use_renews_the_idle_time_but_not_the_life() -> None:
    both = affinity(max_idle=60, max_life=100)
    claim = both.claim(Fields(cookie=cookie(both)), b"")
    found = both.find(claim, 1050)
    line, done = both.settle(claim, found, BACKEND, (), 1050)
    assert done == UPDATED
    renewed = line.removeprefix(b"Set-Cookie: ").partition(b";")[0]
    assert verdict(both, renewed, now=1099).verdict == VALID
    assert verdict(both, renewed, now=1101).verdict == OLD
    assert both.settle(claim, found, BACKEND, (), 1003) == LEFT_ALONE, "not at every request"


def test_each_service_but_the_default_has_a_name_of_its_own_unless_one_was_chosen() -> None:
    assert CookiePolicy(name="S").name_for("app") == "S"
    assert CookiePolicy(name="S").name_for("shop") == "S_shop"
    assert CookiePolicy(name="S", exact=True).name_for("shop") == "S"


def test_a_permanent_cookie_lasts_as_long_as_its_pin_can() -> None:
    permanent = affinity(max_idle=60, max_life=100, permanent=True)
    claim = permanent.claim(Fields(cookie=cookie(permanent)), b"")
    found = permanent.find(claim, 1000)
    assert b"; Max-Age=60\r\n" in permanent.settle(claim, found, BACKEND, (), 1010).lines
    assert b"; Max-Age=45\r\n" in permanent.settle(claim, found, BACKEND, (), 1055).lines
    with pytest.raises(UsageError, match="needs an end"):
        cookie_policy(permanent=True)


def test_an_app_that_sets_a_cookie_of_the_name_does_not_have_the_last_word() -> None:
    mine = affinity()
    claim = mine.claim(Fields(cookie=cookie(mine)), b"")
    found = mine.find(claim, 1000)
    assert mine.settle(claim, found, BACKEND, (b"T=1", b"SS=2"), 1000) == LEFT_ALONE
    assert mine.settle(claim, found, BACKEND, (b"T=1", b"S=gone; Max-Age=0"), 1000) != LEFT_ALONE


@given(st.binary(max_size=120))
def test_no_bytes_are_a_token(value: bytes) -> None:
    affine = affinity()
    claim = affine.claim(Fields(cookie=b"S=" + value), b"")
    assert affine.find(claim, 1000.0).backend is None
    assert b"S=" + value not in claim.cookie or not value


@given(st.integers(0, 69), st.integers(1, 255))
def test_a_changed_token_is_no_token(position: int, change: int) -> None:
    affine = affinity()
    name, _, token = cookie(affine).partition(b"=")
    changed = bytearray(token)
    changed[position] ^= change
    found = verdict(affine, name + b"=" + bytes(changed))
    assert found.backend is None
