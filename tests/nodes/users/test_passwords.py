import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.nodes.errors import OptionError, Unavailable
from sessionlab.nodes.users import passwords
from sessionlab.nodes.users.passwords import LEVELS, Cost, Hasher, parse_cost


@pytest.fixture
async def hasher() -> AsyncIterator[Hasher]:
    made = Hasher(LEVELS["low"])
    yield made
    made.close()


def test_a_cost_is_a_level_or_spelt_out() -> None:
    assert parse_cost("low") == LEVELS["low"]
    assert parse_cost("t=2,m=1024,p=1") == Cost(2, 1024, 1)
    assert str(parse_cost("standard")) == "standard"
    assert str(Cost(2, 1024, 1)) == "t=2,m=1024,p=1"


@pytest.mark.parametrize("text", ["", "lowest", "t=0,m=64,p=1", "t=1,m=7,p=1", "t=1,m=9999999,p=1"])
def test_a_cost_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        parse_cost(text)


@given(st.text())
def test_any_text_is_a_cost_or_refused(text: str) -> None:
    if text not in LEVELS:
        with pytest.raises(OptionError):
            parse_cost(text)


async def test_the_right_password_verifies_and_no_other(hasher: Hasher) -> None:
    encoded = await hasher.hash("pässword")
    assert encoded.startswith("$argon2id$")
    assert await hasher.verify(encoded, "pässword")
    for wrong in ("", "password", "pässword ", "pässword\0"):
        assert not await hasher.verify(encoded, wrong)
    assert await hasher.hash("pässword") != encoded


async def test_hashing_happens_off_the_event_loop(hasher: Hasher) -> None:
    here = threading.current_thread()
    assert await hasher._off_loop(threading.current_thread) is not here


async def test_too_many_logins_at_once_are_turned_away(
    hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_MOST_WAITING", 2)
    encoded = await hasher.hash("a")
    results = await asyncio.gather(
        *(hasher.verify(encoded, "a") for _ in range(5)), return_exceptions=True
    )
    assert results[:2] == [True, True]
    assert all(isinstance(result, Unavailable) for result in results[2:])
    assert await hasher.verify(encoded, "a")
