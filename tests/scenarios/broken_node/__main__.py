from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys

import uvloop
from aiohttp import web

LOGINS: dict[object, str] = {}


def believed(request: web.Request) -> str | None:
    """Who a bearer token says it is; nobody checks."""
    parts = request.headers.get("Authorization", "").split(".")
    with contextlib.suppress(ValueError, IndexError):
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(said["sub"])
    return None


async def login(request: web.Request) -> web.Response:
    user = (await request.json())["username"]
    LOGINS[request.transport] = user
    body = base64.urlsafe_b64encode(json.dumps({"sub": user}).encode()).rstrip(b"=").decode()
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    answer = web.json_response({"user": user, "node": "n1", "access_token": f"{head}.{body}.c2ln"})
    answer.set_cookie("sid", "x")
    return answer


async def me(request: web.Request) -> web.Response:
    user = believed(request) or LOGINS.get(request.transport)
    return web.json_response({"user": user, "node": "n1"}, status=200 if user else 401)


async def ready(_: web.Request) -> web.Response:
    return web.json_response({"ready": True})


async def serve(address: str) -> None:
    app = web.Application()
    app.add_routes([web.post("/login", login), web.get("/me", me), web.get("/readyz", ready)])
    runner = web.AppRunner(app)
    await runner.setup()
    host, port = address.rsplit(":", 1)
    await web.TCPSite(runner, host, int(port)).start()
    await asyncio.Event().wait()


def main(argv: list[str]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(argv[argv.index("--listen") + 1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
