from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sessionlab.nodes.errors import Problem, Reason, Refused
from sessionlab.nodes.stores.sessions import fingerprint, new_id
from sessionlab.nodes.strategies.memory import MemorySession, MemorySessions
from tests.nodes.conftest import FakeClock

IDLE, ABSOLUTE = 100.0, 1000.0


@pytest.fixture
def sessions(clock: FakeClock) -> MemorySessions:
    return MemorySessions(clock, IDLE, ABSOLUTE)


def refusal(call: Callable[[], object]) -> Reason:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason


def test_a_session_is_known_by_its_id(sessions: MemorySessions) -> None:
    assert sessions.use(sessions.create("alice")).user == "alice"


def test_an_id_that_the_client_made_up_is_unknown_and_is_not_adopted(
    sessions: MemorySessions,
) -> None:
    made_up = new_id()
    assert refusal(lambda: sessions.use(made_up)) is Reason.SESSION_UNKNOWN
    assert sessions.create("alice") != made_up
    assert refusal(lambda: sessions.use(made_up)) is Reason.SESSION_UNKNOWN


def test_a_session_ends_when_it_is_not_used(sessions: MemorySessions, clock: FakeClock) -> None:
    session = sessions.create("alice")
    clock.advance(IDLE - 1)
    sessions.use(session)
    clock.advance(IDLE - 1)
    sessions.use(session)
    clock.advance(IDLE)
    assert refusal(lambda: sessions.use(session)) is Reason.SESSION_EXPIRED
    assert refusal(lambda: sessions.use(session)) is Reason.SESSION_UNKNOWN


def test_a_session_ends_in_the_end_however_much_it_is_used(
    sessions: MemorySessions, clock: FakeClock
) -> None:
    session = sessions.create("alice")
    for _ in range(19):
        clock.advance(50)
        sessions.use(session)
    clock.advance(50)
    assert refusal(lambda: sessions.use(session)) is Reason.SESSION_EXPIRED


def test_an_ended_session_is_gone_and_only_that_one(sessions: MemorySessions) -> None:
    one, other = sessions.create("alice"), sessions.create("alice")
    assert sessions.end(one)
    assert refusal(lambda: sessions.use(one)) is Reason.SESSION_UNKNOWN
    assert sessions.use(other).user == "alice"
    assert not sessions.end(one)


def test_ending_an_expired_session_ends_nothing(sessions: MemorySessions, clock: FakeClock) -> None:
    session = sessions.create("alice")
    clock.advance(IDLE)
    assert not sessions.end(session)


def test_sessions_that_nobody_uses_do_not_pile_up(
    sessions: MemorySessions, clock: FakeClock
) -> None:
    for _ in range(500):
        sessions.create("alice")
        clock.advance(10)
    # Ten are younger than the idle time; the rest were swept by the logins after them.
    assert sessions.held() <= 12


def test_a_session_in_use_does_not_keep_the_dead_behind_it(
    sessions: MemorySessions, clock: FakeClock
) -> None:
    busy = sessions.create("alice")
    for _ in range(90):
        sessions.create("bob")
        clock.advance(10)
        sessions.use(busy)
    assert sessions.held() <= 13


def test_the_live_count_forgets_idle_sessions_though_nobody_comes(
    sessions: MemorySessions, clock: FakeClock
) -> None:
    for _ in range(50):
        sessions.create("alice")
    assert sessions.alive() == 50
    clock.advance(IDLE)
    assert sessions.alive() == 0


def test_one_request_never_pays_for_many_dead_sessions(
    sessions: MemorySessions, clock: FakeClock
) -> None:
    for _ in range(1000):
        sessions.create("alice")
    clock.advance(IDLE)
    sessions.create("bob")
    assert sessions.held() >= 990


def test_the_store_holds_no_credential(sessions: MemorySessions) -> None:
    session = sessions.create("alice")
    held = repr(vars(sessions))
    assert fingerprint(session) in held
    assert session not in held


async def test_a_cart_has_an_end(sessions: MemorySessions) -> None:
    session = MemorySession(sessions.use(sessions.create("alice")))
    for number in range(100):
        await session.add(f"item {number}")
    with pytest.raises(Problem) as caught:
        await session.add("one more")
    assert (caught.value.status, caught.value.code) == (409, "cart-full")
    assert len(await session.items()) == 100


@given(st.text())
def test_no_garbage_is_a_session(garbage: str) -> None:
    sessions = MemorySessions(FakeClock(), IDLE, ABSOLUTE)
    reason = refusal(lambda: sessions.use(garbage))
    assert reason in (Reason.MALFORMED, Reason.SESSION_UNKNOWN)
    assert not sessions.end(garbage)


class AgainstAModel(RuleBasedStateMachine):
    """Any order of logins, uses, logouts and waiting, against a model that forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.sessions = MemorySessions(self.clock, IDLE, ABSOLUTE)
        self.model: dict[str, tuple[float, float]] = {}

    def alive(self) -> set[str]:
        now = self.clock()
        return {
            session
            for session, (created, used) in self.model.items()
            if now - used < IDLE and now - created < ABSOLUTE
        }

    @rule()
    def login(self) -> None:
        self.model[self.sessions.create("alice")] = (self.clock(), self.clock())

    @rule(seconds=st.floats(0, 150))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        if self.model:
            session = data.draw(st.sampled_from(sorted(self.model)))
            if session in self.alive():
                assert self.sessions.use(session).user == "alice"
                self.model[session] = (self.model[session][0], self.clock())
            else:
                refusal(lambda: self.sessions.use(session))

    @rule(data=st.data())
    def logout(self, data: st.DataObject) -> None:
        if self.model:
            session = data.draw(st.sampled_from(sorted(self.model)))
            assert self.sessions.end(session) == (session in self.alive())
            del self.model[session]

    @invariant()
    def holds_at_least_the_living(self) -> None:
        assert self.sessions.held() >= len(self.alive())


TestAgainstAModel = AgainstAModel.TestCase
