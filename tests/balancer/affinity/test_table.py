"""The table of pins: bounded, expiring, and least recently used out first."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from balancer.affinity import EXPIRED, INVALID, VALID
from balancer.affinity.table import Table, key_of
from balancer.backend import Backend
from balancer.config import Address, BackendSpec

BACKENDS = [
    Backend(BackendSpec("app", f"n{i}", Address("127.0.0.1", i)), healthy=True) for i in range(3)
]
BY_PIN = {backend.pin: backend for backend in BACKENDS}


def table(entries: int = 3, idle: float = 10.0) -> Table:
    return Table(entries, idle, BY_PIN)


def test_a_pin_is_found_until_it_was_idle_for_too_long() -> None:
    pins = table()
    pins.put(b"k", BACKENDS[1].pin, now=0.0)
    assert pins.find(b"k", now=10.0) == (BACKENDS[1], VALID)
    assert pins.find(b"k", now=19.0) == (BACKENDS[1], VALID), "use renews it"
    assert pins.find(b"k", now=29.5) == (None, EXPIRED)
    assert pins.find(b"k", now=29.5) == (None, INVALID)


def test_a_pin_to_a_backend_that_left_is_invalid() -> None:
    pins = table()
    pins.put(b"k", b"gone", now=0.0)
    assert pins.find(b"k", now=1.0) == (None, INVALID)
    assert pins.pins(now=1.0) == []


def test_others_hear_of_new_and_forgotten_pins_only() -> None:
    told: list[tuple[bytes, bytes]] = []
    pins = Table(3, 10.0, BY_PIN, lambda key, pin: told.append((key, pin)))
    pins.put(b"k", BACKENDS[0].pin, 0.0)
    pins.find(b"k", 1.0)
    pins.forget(b"k")
    pins.forget(b"k")
    assert told == [(b"k", BACKENDS[0].pin), (b"k", b"")]


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
    for step, number in steps:
        key = b"%d" % number
        if step == "put":
            pins.put(key, BACKENDS[0].pin, 0.0)
            model[key] = None
            model.move_to_end(key)
            if len(model) > entries:
                model.popitem(last=False)
        elif step == "find":
            assert (pins.find(key, 0.0).backend is not None) == (key in model)
            if key in model:
                model.move_to_end(key)
        else:
            pins.forget(key)
            model.pop(key, None)
    assert [pin.key for pin in pins.pins(0.0)] == [key.hex() for key in model]
