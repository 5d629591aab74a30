"""Apps whose answers come in pieces: server-sent events, and messages on a WebSocket."""

from __future__ import annotations

import asyncio
import json

from aiohttp import WSMsgType, web

from tests.apps.small.servers import Sessions, app_of


def events() -> web.Application:
    """Who one is comes as the second event of a stream that never ends."""
    sessions = Sessions()

    async def login(request: web.Request) -> web.Response:
        said = await request.post()
        answer = web.Response(text="ok")
        answer.set_cookie("sid", sessions.begin(str(said["user"]), str(said["password"])))
        return answer

    async def stream(request: web.Request) -> web.StreamResponse:
        user = sessions.user(request.cookies.get("sid"))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b": hello\n\nevent: time\ndata: 12:00\n\n")
        await answer.write(f"event: user\ndata: {user}\n\n".encode())
        await answer.write(
            f'data: {{"items":\ndata: {json.dumps(sessions.items[user])}}}\n\n'.encode()
        )
        await asyncio.Event().wait()
        return answer

    async def add(request: web.Request) -> web.Response:
        user = sessions.user(request.cookies.get("sid"))
        sessions.items[user].append(await request.text())
        return web.Response(status=204)

    return app_of(("POST", "/login", login), ("GET", "/stream", stream), ("POST", "/items", add))


def socket() -> web.Application:
    """A login by HTTP, then all by WebSocket; it wants a pong before it answers."""
    sessions = Sessions()

    async def login(request: web.Request) -> web.Response:
        said = await request.post()
        answer = web.Response(text="ok")
        answer.set_cookie("sid", sessions.begin(str(said["user"]), str(said["password"])))
        return answer

    async def talk(request: web.Request) -> web.WebSocketResponse:
        user = sessions.user(request.cookies.get("sid"))
        channel = web.WebSocketResponse()
        await channel.prepare(request)
        async for message in channel:
            if message.type is not WSMsgType.TEXT:
                break
            word, _, rest = message.data.partition(" ")
            await channel.send_str("ping 7")
            if await channel.receive_str() != "pong 7":
                break
            if word == "add":
                sessions.items[user].append(rest)
            await channel.send_json({"re": word, "user": user, "items": sessions.items[user]})
        return channel

    return app_of(("POST", "/login", login), ("GET", "/talk", talk))
