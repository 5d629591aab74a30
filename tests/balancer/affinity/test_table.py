"""The table of pins: bounded, expiring, and least recently used out first."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.affinity import table as table_module
from sessionlab.balancer.affinity.row import NO_PLACE, Bounds, key_of
from sessionlab.balancer.affinity.table import Table
from sessionlab.balancer.backends.backend import Backend
from sessionlab.balancer.backends.pin import (
    EVICTED,
    EXPIRED,
    IDLE_OR_OLD,
    INVALID,
    NONE,
    REMOVED,
    TABLE_LOST,
    VALID,
)
from sessionlab.balancer.config.model import Address, BackendSpec

if TYPE_CHECKING:
    import pytest

BACKENDS = [
    Backend(BackendSpec("app", f"n{i}", Address("127.0.0.1", i)), healthy=True) for i in range(3)
]
BY_PIN = {backend.pin: backend for backend in BACKENDS}


def table(entries: int = 3, idle: float = 10.0, *, may_be_lost: bool = False) -> Table:
    return Table(Bounds(entries, idle, may_be_lost=may_be_lost), BY_PIN, began=0.0)


def verdict(pins: Table, key: bytes, now: float = 1.0) -> tuple[str, str]:
    _, letter, reason = pins.find(key, now)
    return letter, reason


def test_a_pin_is_found_until_it_was_idle_for_too_long() -> None:
    pins = table()
    pins.put(b"k", BACKENDS[1].pin, now=0.0)
    assert pins.find(b"k", now=10.0) == (BACKENDS[1], VALID, "")
    assert pins.find(b"k", now=19.0) == (BACKENDS[1], VALID, ""), "use renews it"
    assert pins.find(b"k", now=29.5) == (None, EXPIRED, IDLE_OR_OLD)
    assert pins.find(b"k", now=29.5) == (None, EXPIRED, IDLE_OR_OLD), "while it is remembered"


def test_a_pin_to_a_backend_that_left_is_invalid() -> None:
    pins = table()
    pins.put(b"k", b"gone", now=0.0)
    assert verdict(pins, b"k") == (INVALID, REMOVED)
    assert pins.pins(now=1.0) == []


def test_others_hear_of_new_and_forgotten_pins_only() -> None:
    told: list[tuple[bytes, bytes]] = []
    pins = Table(Bounds(3, 10.0), BY_PIN, 0.0, lambda key, pin: told.append((key, pin)))
    pins.put(b"k", BACKENDS[0].pin, 0.0)
    pins.find(b"k", 1.0)
    pins.forget(b"k")
    pins.forget(b"k")
    assert told == [(b"k", BACKENDS[0].pin + NO_PLACE), (b"k", b"")]


def test_a_pin_that_made_room_for_another_was_evicted() -> None:
    pins = table(entries=2)
    for number in range(3):
        pins.put(b"%d" % number, BACKENDS[0].pin, 1.0)
    assert verdict(pins, b"0") == (INVALID, EVICTED)
    pins.put(b"0", BACKENDS[0].pin, 1.0)
    assert verdict(pins, b"0") == (VALID, "")
    pins.put(b"4", BACKENDS[0].pin, 99.0)
    assert verdict(pins, b"2") == (EXPIRED, IDLE_OR_OLD), "it would have ended anyhow"


def test_a_table_was_lost_only_when_nothing_else_explains_it() -> None:
    assert verdict(table(), b"k") == (INVALID, ""), "unless it may have been in an earlier one"
    pins = table(may_be_lost=True)
    assert verdict(pins, b"k") == (INVALID, TABLE_LOST)
    assert verdict(pins, b"k", now=10.1) == (INVALID, ""), "an old pin would have ended by itself"
    pins.put(b"k", BACKENDS[0].pin, 1.0)
    pins.forget(b"k")
    assert verdict(pins, b"k") == (INVALID, ""), "its session was ended on purpose"
    pins.missed()
    assert verdict(pins, b"other") == (INVALID, ""), "another worker may have had it"


def test_the_memory_of_reasons_is_bounded_and_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_MOST_ENDED", 5)
    pins = table(entries=1, may_be_lost=True)
    for number in range(8):
        pins.put(b"%d" % number, BACKENDS[0].pin, 1.0)
    assert verdict(pins, b"6") == (INVALID, EVICTED)
    assert verdict(pins, b"0") == (INVALID, ""), "forgotten, so nothing is said"
    assert verdict(pins, b"new") == (INVALID, "")


def test_a_visitor_that_nobody_knows_is_no_invalid_one_where_all_have_a_key() -> None:
    pins = Table(Bounds(1, 10.0, unknown=NONE), BY_PIN, 0.0)
    assert verdict(pins, b"k") == (NONE, "")


def test_a_pin_in_use_here_stays_alive_in_every_worker() -> None:
    """A client talks to one worker for long, and then to another."""
    there = table(idle=10.0)
    here = Table(Bounds(3, 10.0), BY_PIN, 0.0, lambda key, pin: there.heard(key, pin, now))
    for tenth in range(200):
        now = tenth / 10
        if tenth == 0:
            here.put(b"k", BACKENDS[0].pin, now)
        here.find(b"k", now)
    assert verdict(there, b"k", now=25.0) == (VALID, "")
    assert here.pins(25.0)[0].since == 0.0


def _do(pins: Table, step: str, key: bytes, pin: bytes, now: float) -> None:
    if step == "put":
        pins.put(key, pin, now)
    elif step == "find":
        pins.find(key, now)
    elif step == "forget":
        pins.forget(key)
    elif step == "heard":
        pins.heard(key, pin, now)
    elif step == "gone":
        pins.heard(key, b"", now)
    else:
        pins.purge(now)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "find", "forget", "heard", "gone", "purge"]),
            st.integers(0, 9),
            st.integers(0, 2),
        ),
        max_size=80,
    )
)
def test_its_counts_are_those_of_its_rows(steps: list[tuple[str, int, int]]) -> None:
    pins = table(entries=4, idle=9.0)
    for now, (step, number, which) in enumerate(steps):
        key, pin = b"%d" % number, BACKENDS[which].pin
        _do(pins, step, key, pin, now)
        shown = Counter(pin.backend for pin in pins.pins(now))
        assert pins.counts(now) == dict(shown)


def test_a_key_is_a_hash() -> None:
    assert key_of(b"secret") != key_of(b"Secret")
    assert b"secret" not in key_of(b"secret")


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["put", "find", "forget"]), st.integers(0, 7)), max_size=60),
)
def test_it_behaves_as_a_bounded_ordered_dict(entries: int, steps: list[tuple[str, int]]) -> None:
    pins = table(entries, idle=1e9)
    model: OrderedDict[bytes, None] = OrderedDict()
    for now, (step, number) in enumerate(steps):
        key = b"%d" % number
        if step == "put":
            pins.put(key, BACKENDS[0].pin, now)
            model[key] = None
            model.move_to_end(key)
            if len(model) > entries:
                model.popitem(last=False)
        elif step == "find":
            assert (pins.find(key, now).backend is not None) == (key in model)
            if key in model:
                model.move_to_end(key)
        else:
            pins.forget(key)
            model.pop(key, None)
    assert [pin.key for pin in pins.pins(60.0)] == [key.hex() for key in model]
