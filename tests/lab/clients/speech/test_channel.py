"""What is said on a WebSocket, and what becomes of its channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSCloseCode, web

from sessionlab.lab.record.history import History
from tests.lab.clients.speaking import answers, recipe, speaking

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client

CHAT = """
[connect]
ws = "/chat"
send = '40{"username":"{user}","password":"{password}"}'
until = "^40"
reply = {"^2$" = "3"}
take.sid = {regex = "^40(.+)"}
[me]
ws = "/chat"
send = '42["whoami","{sid}"]'
until = "^43"
user = {regex = '"user":"([^"]+)"'}
nobody = {body = "stranger"}
"""


class Chat:
    """A chat that knows who has said hello on a socket; counts them."""

    def __init__(self) -> None:
        self.opened = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.heard: list[str] = []
        self.ponged = asyncio.Event()
        self.does = ""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        self.sockets.append(socket)
        sid = f"sid-{self.opened}"
        async for message in socket:
            self.heard.append(message.data)
            if message.data == "3":
                self.ponged.set()
            elif message.data.startswith("40"):
                await socket.send_str("0hello")
                await socket.send_str(f"40{sid}")
            elif self.does == "closes":
                await socket.close(code=WSCloseCode.POLICY_VIOLATION)
            elif self.does != "is silent":
                known = sid in message.data and self.does != "forgets"
                await socket.send_bytes(b'43[{"user":"alice"}]' if known else b"43 stranger")
        return socket


async def conversations(history: History) -> list[tuple[str, str]]:
    return [(operation.conversation, operation.who) for operation in history]


async def asked(alice: Client, times: int) -> list[str]:
    return [(await alice.me()).who for _ in range(times)]


async def test_a_channel_is_opened_once_and_goes_on_being_used() -> None:
    chat, history = Chat(), History()
    async with speaking(recipe(CHAT), history, any_chat=chat.serve) as alice:
        login = await alice.login()
        assert await asked(alice, 3) == ["user"] * 3
    assert chat.opened == 1
    assert login.operation.conversation == "connect"
    assert [op.new_connection for op in history] == [True, False, False, False]
    assert all(op.status == 101 and op.recognised for op in history)
    assert all(op.credential for op in list(history)[1:])


async def test_a_client_that_is_not_connected_connects_first() -> None:
    history = History()
    async with speaking(recipe(CHAT), history, any_chat=Chat().serve) as alice:
        assert (await alice.me()).recognised
    assert await conversations(history) == [("connect", ""), ("me", "user")]


async def test_a_ping_is_answered_whenever_it_comes() -> None:
    chat = Chat()
    async with speaking(recipe(CHAT), any_chat=chat.serve) as alice:
        await alice.login()
        await chat.sockets[0].send_str("2")
        async with asyncio.timeout(5):
            await chat.ponged.wait()
        assert (await alice.me()).recognised


async def test_what_breaks_counts_as_it_came_and_the_next_conversation_connects_anew() -> None:
    chat, history = Chat(), History()
    async with speaking(recipe(CHAT), history, any_chat=chat.serve) as alice:
        await alice.login()
        chat.does = "closes"
        cut = await alice.me()
        chat.does = "forgets"
        assert await asked(alice, 1) == ["nobody"]
        chat.does = ""
        assert await asked(alice, 1) == ["user"]
    assert (cut.who, cut.status) == ("error", None)
    assert "closed (1008)" in cut.said
    assert await conversations(history) == [
        *(("connect", ""), ("me", "error")),
        *(("connect", ""), ("me", "nobody")),
        *(("connect", ""), ("me", "user")),
    ]
    assert "sid-1" not in chat.heard[-1]


async def test_a_code_with_which_it_is_closed_can_say_nobody() -> None:
    chat = Chat()
    chat.does = "closes"
    said = recipe(CHAT.replace('body = "stranger"', "status = 1008"))
    async with speaking(said, any_chat=chat.serve) as alice:
        await alice.login()
        assert (await alice.me()).who == "nobody"


async def test_a_channel_that_closed_meanwhile_is_opened_anew_before_anything_is_said() -> None:
    chat, history = Chat(), History()
    async with speaking(recipe(CHAT), history, any_chat=chat.serve) as alice:
        await alice.login()
        await chat.sockets[0].close()
        while next(iter(alice._channels.values())).is_open:
            await asyncio.sleep(0)
        assert await asked(alice, 1) == ["user"]
    assert chat.opened == 2


async def test_it_does_not_connect_anew_after_a_logout_nor_in_a_replay() -> None:
    chat, history = Chat(), History()
    said = recipe(CHAT + "[logout]\nws = '/chat'\nsend = 'bye'\n")
    async with speaking(said, history, any_chat=chat.serve) as alice:
        await alice.login()
        replay = alice.replica()
        assert await asked(alice, 1) == ["user"]
        await alice.logout()
        chat.does = "forgets"
        assert await asked(alice, 2) == ["nobody", "nobody"]
        assert await asked(replay, 2) == ["nobody", "nobody"]
        await replay.close()
    assert "connect" not in [name for name, _ in (await conversations(history))[1:]]


async def test_new_connections_are_new_channels() -> None:
    chat = Chat()
    async with speaking(recipe(CHAT), any_chat=chat.serve) as alice:
        await alice.login()
        await alice.reconnect()
        assert await asked(alice, 1) == ["user"]
    assert chat.opened == 2


async def test_what_an_http_connect_took_outlives_its_connections_and_ends_with_nobody() -> None:
    history, known = History(), ["s-1"]

    async def begin(_: web.Request) -> web.Response:
        return web.Response(headers={"Mcp-Session-Id": known[0]})

    async def me(request: web.Request) -> web.Response:
        sid = request.headers.get("Mcp-Session-Id")
        return web.json_response({"user": sid}, status=200 if sid == known[0] else 404)

    said = recipe(
        "[every.headers]\nMcp-Session-Id = '{sid?}'\n"
        "[connect]\npost = '/begin'\ntake.sid = {header = 'mcp-session-id'}\n"
        "[me]\nget = '/me'\nuser = {json = 'user'}\nnobody = {status = [400, 404]}",
        identity="{sid}",
    )
    async with speaking(said, history, post_begin=begin, get_me=me) as alice:
        await alice.login()
        await alice.reconnect()
        first = await alice.me()
        known[0] = "s-2"
        assert await asked(alice, 2) == ["nobody", "user"]
    assert (first.recognised, first.operation.user, first.operation.credential) == (
        *(True, "alice"),
        len("Mcp-Session-Id: s-1\r\n"),
    )
    assert [name for name, _ in await conversations(history)] == [
        *("connect", "me", "me", "connect", "me"),
    ]


async def test_when_it_cannot_connect_that_is_the_answer() -> None:
    history = History()
    async with speaking(recipe(CHAT), history, any_chat=answers(403)) as alice:
        answer = await alice.me()
    assert await conversations(history) == [("connect", "error")]
    assert answer.said.startswith("WS /chat → 403")
    assert answer.said.endswith("looked for /^40(.+)/: not there")


@pytest.mark.parametrize("does", ["is silent", "closes"])
async def test_a_silent_server_ends_after_so_long(does: str) -> None:
    chat = Chat()
    chat.does = does
    said = recipe("[me]\nws = '/chat'\nsend = 'who'\nwithin = 0.3\nuser = {regex = '(a)'}")
    async with speaking(said, any_chat=chat.serve) as alice:
        answer = await alice.me()
    assert answer.who == "error"


async def test_a_handshake_is_an_answer_and_is_not_followed_elsewhere() -> None:
    said = recipe("[me]\nws = '/chat'\nuser = {json = 'user'}")
    led = answers(302, headers={"Location": "http://192.0.2.1/"})
    for handler, who in ((answers(401), "nobody"), (led, "error"), (answers(200), "error")):
        async with speaking(said, any_chat=handler) as alice:
            assert (await alice.me()).who == who


async def test_without_until_the_first_message_counts_and_it_may_be_json() -> None:
    async def greets(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        known = request.cookies.get("sid") == "1" and request.query["token"] == "a+b/c="
        await socket.send_json({"user": "alice" if known else None})
        await socket.receive()
        return socket

    said = recipe("[login]\npost = '/in'\ntake.token = {json = 'token'}\n"
                  "[me]\nws = '/chat?token={token}'\nuser = {json = 'user'}")  # fmt: skip
    login = answers(text='{"token": "a+b/c="}', headers={"Set-Cookie": "sid=1; Path=/"})
    async with speaking(said, post_in=login, any_chat=greets) as alice:
        await alice.login()
        assert (await alice.me()).recognised


async def test_who_logged_in_on_a_socket_is_asked_for_a_session_on_the_next_one_too() -> None:
    """Or else an app that forgets everybody with the socket would have kept them all."""
    said = CHAT.replace("[connect]", "[login]").replace(',"{sid}"', "")
    chat, history = Chat(), History()
    async with speaking(recipe(said), history, any_chat=chat.serve) as alice:
        assert (await alice.login()).recognised
        chat.does = "forgets"
        await alice.reconnect()
        answer = await alice.me()
        assert answer.who == "nobody"
        assert answer.operation.credential
