import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.record.history import Ending, History, Operation, ending_of

operations = st.builds(
    Operation,
    client=st.text(),
    method=st.sampled_from(["GET", "POST"]),
    path=st.text(),
    invoked=st.floats(0, 1e6),
    completed=st.floats(0, 1e6),
    outcome=st.sampled_from(Ending),
    status=st.none() | st.integers(100, 599),
    node=st.none() | st.text(),
    user=st.none() | st.text(),
    error=st.none() | st.text(),
    new_connection=st.booleans(),
    credential=st.integers(0, 8192),
    verdict=st.text(),
    reason=st.text(),
    version=st.none() | st.text(),
    item=st.none() | st.text(),
    items=st.none() | st.lists(st.text()).map(tuple),
    cluster=st.text(),
    tab=st.integers(0, 9),
    direct=st.booleans(),
    code=st.text(),
    token_left=st.none() | st.floats(-1e6, 1e6),
    conversation=st.sampled_from(["login", "me", "request"]),
    who=st.sampled_from(["", "user", "nobody", "error"]),
    service=st.text(),
)


@given(st.lists(operations))
def test_a_history_that_was_written_reads_back_the_same(made: list[Operation]) -> None:
    assert list(History.from_jsonl(History(made).to_jsonl())) == made


@pytest.mark.parametrize(
    ("method", "status", "sent", "outcome"),
    [
        ("GET", 200, True, Ending.OK),
        ("POST", 204, True, Ending.OK),
        ("GET", 401, True, Ending.FAILED),
        ("POST", 503, True, Ending.FAILED),
        ("POST", 504, True, Ending.UNKNOWN),
        ("GET", 504, True, Ending.FAILED),
        ("POST", None, True, Ending.UNKNOWN),
        ("POST", None, False, Ending.FAILED),
        ("GET", None, True, Ending.FAILED),
    ],
)
def test_an_operation_is_unknown_only_when_it_may_have_happened(
    method: str, status: int | None, sent: bool, outcome: Ending
) -> None:
    assert ending_of(method, status, sent=sent) is outcome


@pytest.mark.parametrize("damage", [{"invoked": None}, {"status": "200"}])
def test_a_damaged_history_is_refused_when_it_is_read(damage: dict[str, object]) -> None:
    row = {"client": "a", "method": "GET", "path": "/me", "invoked": 0, "completed": 1}
    row |= {"outcome": "ok", "status": 200} | damage
    with pytest.raises(TypeError, match=next(iter(damage))):
        History.from_jsonl(json.dumps(row))


def test_only_a_client_that_is_taken_for_itself_is_recognised() -> None:
    mine = Operation("alice", "GET", "/me", 0, 1, Ending.OK, 200, "n1", "alice", who="user")
    other = Operation("alice", "GET", "/me", 0, 1, Ending.OK, 200, "n1", "bob", who="user")
    refused = Operation("alice", "GET", "/me", 0, 1, Ending.FAILED, 401, "n1", None, who="nobody")
    assert [op.recognised for op in (mine, other, refused)] == [True, False, False]
