import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from sessionlab.nodes.errors import OptionError, Problem, Reason, Refused, Unavailable
from sessionlab.nodes.stores.redis import RedisStore
from sessionlab.nodes.stores.sessions import new_id
from sessionlab.nodes.strategies.redis import PREFIX, RedisStrategy
from sessionlab.nodes.transports.cookie import CookieTransport
from tests.nodes.valkey import Valkey

IDLE, ABSOLUTE = 100.0, 1000.0


def strategy_on(server: Valkey, *, timeout: float = 5.0, connections: int = 4) -> RedisStrategy:
    store = RedisStore(server.url, timeout, connections)
    return RedisStrategy(store, CookieTransport("sid"), IDLE, ABSOLUTE)


@pytest.fixture
async def strategy(valkey: Valkey) -> AsyncIterator[RedisStrategy]:
    made = strategy_on(valkey)
    yield made
    await made.close()


def only_key(server: Valkey) -> str:
    client = server.client()
    (key,) = client.keys()
    client.close()
    assert isinstance(key, bytes)
    return key.decode()


async def refusal(strategy: RedisStrategy, session: str) -> Reason:
    with pytest.raises(Refused) as caught:
        await strategy.open(session)
    return caught.value.reason


async def unavailable(strategy: RedisStrategy) -> str:
    with pytest.raises(Unavailable) as caught:
        await strategy.open(new_id())
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"] == "1"
    return caught.value.code


async def test_every_node_on_the_same_store_knows_the_session(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    grant = await strategy.login("alice", None)
    other = strategy_on(valkey)
    assert (await other.open(grant.credential)).user == "alice"
    await other.close()


async def test_a_dump_of_the_store_is_not_a_list_of_credentials(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    grant = await strategy.login("alice", None)
    key = only_key(valkey)
    assert key.startswith(PREFIX)
    client = valkey.client()
    dump = repr([key, client.hgetall(key)])
    client.close()
    assert grant.credential not in dump
    assert await refusal(strategy, key.removeprefix(PREFIX)) is Reason.MALFORMED


async def test_a_login_ends_the_session_that_was_presented(strategy: RedisStrategy) -> None:
    planted = (await strategy.login("mallory", None)).credential
    fresh = (await strategy.login("alice", planted)).credential
    assert fresh != planted
    assert await refusal(strategy, planted) is Reason.SESSION_UNKNOWN
    assert (await strategy.open(fresh)).user == "alice"


async def test_an_id_that_the_client_made_up_is_never_adopted(strategy: RedisStrategy) -> None:
    made_up = new_id()
    assert (await strategy.login("alice", made_up)).credential != made_up
    assert await refusal(strategy, made_up) is Reason.SESSION_UNKNOWN


async def test_a_session_has_a_ttl_from_the_start(strategy: RedisStrategy, valkey: Valkey) -> None:
    await strategy.login("alice", None)
    client = valkey.client()
    left = client.pttl(only_key(valkey))
    client.close()
    assert isinstance(left, int)
    assert 0 < left <= IDLE * 1000


async def test_use_renews_the_ttl_but_not_at_every_read(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    session = (await strategy.login("alice", None)).credential
    key = only_key(valkey)
    client = valkey.client()
    client.pexpire(key, 99_700)  # as if it was used 0.3 s ago: not worth a write
    await strategy.open(session)
    assert client.pttl(key) <= 99_700
    client.pexpire(key, 50_000)
    await strategy.open(session)
    assert client.pttl(key) > 90_000
    client.close()


async def test_the_ttl_never_reaches_past_the_absolute_end(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    session = (await strategy.login("alice", None)).credential
    key = only_key(valkey)
    client = valkey.client()
    seconds, micros = client.time()
    now = seconds * 1000 + micros // 1000
    client.hset(key, "expires", str(now + 7_000))
    client.pexpire(key, 5_000)
    await strategy.open(session)
    assert 0 < client.pttl(key) <= 7_000
    client.hset(key, "expires", str(now - 1))
    assert await refusal(strategy, session) is Reason.SESSION_UNKNOWN
    assert client.exists(key) == 0
    client.close()


async def test_logout_deletes(strategy: RedisStrategy, valkey: Valkey) -> None:
    session = (await strategy.login("alice", None)).credential
    assert await strategy.logout(session)
    assert await refusal(strategy, session) is Reason.SESSION_UNKNOWN
    client = valkey.client()
    assert client.dbsize() == 0
    client.close()
    assert not await strategy.logout(session)
    assert not await strategy.logout("garbage")


async def test_a_request_in_flight_does_not_revive_a_session_that_was_logged_out(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    credential = (await strategy.login("alice", None)).credential
    in_flight = await strategy.open(credential)
    await strategy.logout(credential)
    with pytest.raises(Refused):
        await in_flight.add("book")
    with pytest.raises(Refused):
        await in_flight.items()
    client = valkey.client()
    assert client.dbsize() == 0
    client.close()


async def test_requests_at_once_never_lose_each_others_items(strategy: RedisStrategy) -> None:
    session = await strategy.open((await strategy.login("alice", None)).credential)
    wanted = [f"item {number}" for number in range(60)]
    await asyncio.gather(*(session.add(item) for item in wanted))
    assert sorted(await session.items()) == sorted(wanted)


async def test_a_cart_has_an_end(strategy: RedisStrategy) -> None:
    session = await strategy.open((await strategy.login("alice", None)).credential)
    for number in range(100):
        await session.add(f"ítem {number}")
    with pytest.raises(Problem) as caught:
        await session.add("one more")
    assert (caught.value.status, caught.value.code) == (409, "cart-full")
    assert (await session.items())[99] == "ítem 99"


async def test_garbage_is_refused_without_asking_the_store(own_valkey: Valkey) -> None:
    strategy = strategy_on(own_valkey)
    own_valkey.stop()
    assert await refusal(strategy, "garbage") is Reason.MALFORMED
    await strategy.close()


async def test_a_store_that_is_gone_is_unavailable_until_it_is_back(own_valkey: Valkey) -> None:
    strategy = strategy_on(own_valkey)
    session = (await strategy.login("alice", None)).credential
    own_valkey.stop()
    assert await unavailable(strategy) == "store-unreachable"
    with pytest.raises(Unavailable):
        await strategy.login("alice", None)
    with pytest.raises(Unavailable):
        await strategy.logout(session)
    own_valkey.start()
    # The first use finds the connection of before; it is not a failure.
    assert await refusal(strategy, session) is Reason.SESSION_UNKNOWN
    await strategy.close()


async def test_a_store_that_accepts_and_never_answers_is_unavailable(own_valkey: Valkey) -> None:
    patient, strategy = strategy_on(own_valkey), strategy_on(own_valkey, timeout=0.05)
    session = (await patient.login("alice", None)).credential
    own_valkey.freeze()
    try:
        # More than the pool has connections: those that wait for one are bounded, too.
        codes = await asyncio.gather(*(unavailable(strategy) for _ in range(12)))
    finally:
        own_valkey.thaw()
    assert set(codes) == {"store-timeout"}
    assert (await patient.open(session)).user == "alice"
    await patient.close()
    await strategy.close()


async def test_a_late_answer_never_reaches_the_next_asker(own_valkey: Valkey) -> None:
    patient = strategy_on(own_valkey)
    alice = (await patient.login("alice", None)).credential
    bob = (await patient.login("bob", None)).credential
    await patient.close()
    strategy = strategy_on(own_valkey, timeout=0.05, connections=1)
    own_valkey.freeze()
    try:
        with pytest.raises(Unavailable):
            await strategy.open(alice)
    finally:
        own_valkey.thaw()
    answered = 0
    while answered < 6:
        for session, user in ((bob, "bob"), (alice, "alice")):
            with contextlib.suppress(Unavailable):  # a busy machine may need longer than 50 ms
                assert (await strategy.open(session)).user == user
                answered += 1
    await strategy.close()


async def test_a_store_that_answers_with_errors_is_unavailable(
    strategy: RedisStrategy, valkey: Valkey
) -> None:
    credential = (await strategy.login("alice", None)).credential
    client = valkey.client()
    key = only_key(valkey)
    client.delete(key)
    client.set(key, "not a hash")
    client.close()
    with pytest.raises(Unavailable) as caught:
        await strategy.open(credential)
    assert caught.value.code == "store-error"


async def test_a_full_store_takes_no_login_but_knows_the_sessions_it_has(
    own_valkey: Valkey,
) -> None:
    strategy = strategy_on(own_valkey)
    session = (await strategy.login("alice", None)).credential
    client = own_valkey.client()
    client.config_set("maxmemory", "1")
    client.pexpire(only_key(own_valkey), 5_000)
    assert (await strategy.open(session)).user == "alice"
    assert client.pttl(only_key(own_valkey)) > 90_000
    client.close()
    with pytest.raises(Unavailable) as caught:
        await strategy.login("bob", None)
    assert caught.value.code == "store-error"
    await strategy.close()


async def test_a_store_that_wants_another_password_says_so(own_valkey: Valkey) -> None:
    client = own_valkey.client()
    client.config_set("requirepass", "secret")
    strategy = strategy_on(own_valkey)
    assert await unavailable(strategy) == "store-refused"
    await strategy.close()
    client.close()


def test_a_url_that_is_none_is_a_wrong_option_and_is_not_repeated() -> None:
    with pytest.raises(OptionError) as caught:
        RedisStore("http://user:secret@host", 1.0, 1)
    assert "--redis-url" in str(caught.value)
    assert "secret" not in str(caught.value)
