"""A chat over Socket.IO that knows who speaks; it pings every 25 seconds, as it does by default."""

from collections import defaultdict

import socketio

chat = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
said = defaultdict(list)


@chat.event
async def connect(sid, _environ, auth):
    if not auth or auth.get("password") != "pw":
        raise socketio.exceptions.ConnectionRefusedError("who are you?")
    await chat.save_session(sid, {"user": auth["username"]})


@chat.event
async def whoami(sid):
    return await chat.get_session(sid)


@chat.event
async def say(sid, text):
    speaker = await chat.get_session(sid)
    said[speaker["user"]].append(text)
    return "said"


@chat.event
async def heard(sid):
    speaker = await chat.get_session(sid)
    return {"said": said[speaker["user"]]}


async def healthz(scope, _receive, send):
    status = 200 if scope["type"] == "http" and scope["path"] == "/healthz" else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


app = socketio.ASGIApp(chat, healthz)
