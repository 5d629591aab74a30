"""Whatever a stranger sends: an answer below 500, or a closed connection, and the node lives on."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.nodes.raw import exchange, hang_up, statuses
from tests.nodes.running import PASSWORD, Running, running

FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# What may stand in a field's value on the wire (RFC 9110 section 5.5): no CR, LF or NUL.
FIELD = st.binary(max_size=200).map(
    lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\0").strip()
)


def request(
    method: str = "GET", path: str = "/me", headers: bytes = b"", body: bytes = b""
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n".encode()
    length = f"Content-Length: {len(body)}\r\n".encode() if body else b""
    return head + headers + length + b"\r\n" + body


async def answered(node: Running, sent: bytes) -> int:
    """The one status that came back; a problem document when it is an error."""
    answer = await exchange(node.address, sent)
    (status,) = statuses(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    if status >= 400:
        assert b"application/problem+json" in head, answer
        assert b"X-Node: n1" in head, answer
        assert b"Server-Timing: auth" in head, answer
        assert json.loads(body)["status"] == status
    return status


@pytest.fixture(scope="module")
def everyone() -> dict[str, dict[str, Any]]:
    return {
        "memory": {},
        "bearer": {"strategy": "jwt"},
        "cookie": {"strategy": "jwt", "jwt_transport": "cookie", "jwt_algorithm": "EdDSA"},
    }


@pytest.mark.parametrize("case", ["memory", "bearer", "cookie"])
@given(values=st.lists(FIELD, max_size=3))
@FUZZ
async def test_no_cookie_or_authorization_is_more_than_a_refusal(
    everyone: dict[str, dict[str, Any]], case: str, values: list[bytes]
) -> None:
    async with running(**everyone[case]) as node:
        cookies = b"".join(b"Cookie: sid=%s\r\n" % value for value in values)
        tokens = b"".join(b"Authorization: Bearer %s\r\n" % value for value in values)
        for headers in (cookies, tokens, cookies + tokens):
            assert 400 <= await answered(node, request(headers=headers)) < 500
            assert await answered(node, request("GET", "/", headers)) in (200, 400)
            assert await answered(node, request("POST", "/logout", headers)) in (204, 400)
            login = json.dumps({"username": "alice", "password": PASSWORD}).encode()
            typed = headers + b"Content-Type: application/json\r\n"
            assert await answered(node, request("POST", "/login", typed, login)) in (200, 400)


@given(
    body=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: json.dumps(text).encode())
)
@FUZZ
async def test_no_body_is_more_than_a_bad_request(body: bytes) -> None:
    async with running() as node:
        for path in ("/login", "/cart"):
            typed = b"Content-Type: application/json\r\n"
            assert 400 <= await answered(node, request("POST", path, typed, body)) < 500


@given(username=st.text(max_size=140), password=st.text(max_size=140), extra=st.none() | st.text())
@FUZZ
async def test_any_name_and_password_get_an_answer(
    username: str, password: str, extra: str | None
) -> None:
    async with running() as node:
        document = {"username": username, "password": password, "extra": extra}
        assert (await node.client.post("/login", document)).status in (400, 401)


@given(head=st.binary(max_size=120))
@FUZZ
async def test_no_bytes_bring_the_node_down(head: bytes) -> None:
    async with running() as node:
        answer = await exchange(node.address, head + b"\r\n\r\n", half_close=True)
        assert all(status < 500 for status in statuses(answer))
        assert (await node.client.get("/healthz")).status == 200


@pytest.fixture
async def node() -> AsyncIterator[Running]:
    async with running() as found:
        yield found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: n\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: n\r\nContent-Length: x\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: n\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: n\r\nCookie: sid=" + b"a" * 9000 + b"\r\n\r\n", 431),
    ],
)
async def test_what_the_parser_refuses_is_a_problem_document(
    node: Running, sent: bytes, status: int
) -> None:
    assert await answered(node, sent) == status


async def test_a_refusal_of_the_parser_does_not_repeat_what_was_sent(node: Running) -> None:
    secret = b"Bearer very-secret\x01"
    answer = await exchange(
        node.address, b"GET / HTTP/1.1\r\nHost: n\r\nAuthorization: " + secret + b"\r\n\r\n"
    )
    assert statuses(answer) == [400]
    assert b"very-secret" not in answer


async def test_a_body_that_breaks_its_own_framing_is_a_400(node: Running) -> None:
    head = request("POST", "/login", b"Content-Type: application/json\r\n")[:-2]
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = await exchange(node.address, chunked, b"5\r\nhello\r\nnonsense\r\n")
    assert statuses(answer)[0] == 400


async def test_a_body_that_ends_too_soon_is_a_400_or_nothing(node: Running) -> None:
    head = request("POST", "/login", b"Content-Type: application/json\r\n")[:-2]
    answer = await exchange(node.address, head + b"Content-Length: 99\r\n\r\n{", half_close=True)
    assert statuses(answer) in ([], [400])


async def test_clients_that_go_away_leave_no_traceback(
    node: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    body = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    whole = request("POST", "/login", b"Content-Type: application/json\r\n", body)
    for cut in (0, 1, 20, len(whole) - len(body), len(whole) - 1, len(whole)):
        for _ in range(3):
            await hang_up(node.address, whole[:cut])
    while node.node.readiness.open_requests:
        await asyncio.sleep(0.001)
    assert (await node.client.get("/healthz")).status == 200
    assert [record.getMessage() for record in caplog.records] == []


async def test_requests_sent_together_are_answered_in_order(node: Running) -> None:
    more = b"GET /healthz HTTP/1.1\r\nHost: n\r\n\r\n"
    answer = await exchange(node.address, more * 5 + request("GET", "/nowhere"))
    assert statuses(answer) == [200] * 5 + [404]


async def test_a_defect_is_a_500_without_its_details_and_a_log_with_them(
    node: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> bool:
        raise RuntimeError("the details")

    monkeypatch.setattr(type(node.node.directory), "check", broken)
    answer = await node.client.login()
    assert (answer.status, answer.code) == (500, "internal-error")
    assert "the details" not in answer.text
    assert "the details" in caplog.text
