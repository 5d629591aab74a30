"""A small web shop of its own making: what a recipe starts in tests. `shop.py HOST PORT`."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import redis

SESSIONS: dict[str, str] = {}
STORE = redis.Redis.from_url(os.environ["REDIS"]) if "REDIS" in os.environ else None


def find(sid: str) -> dict[str, Any] | None:
    found: Any = STORE.get(sid) if STORE else SESSIONS.get(sid)
    session: dict[str, Any] | None = json.loads(found) if found else None
    return session


def keep(sid: str, session: dict[str, Any] | None) -> None:
    text = json.dumps(session)
    if STORE:
        STORE.set(sid, text)
    else:
        SESSIONS[sid] = text


class Shop(BaseHTTPRequestHandler):
    """Answers in JSON, and knows its users by the cookie `basket`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self.answer(200, {})
        if self.path == "/environment":
            return self.answer(200, {**os.environ, "cwd": str(Path.cwd()), "pid": os.getpid()})
        session = find(self.sid)
        if session is None:
            return self.answer(401, {})
        return self.answer(200, session)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        form = {name: value[0] for name, value in parse_qs(self.rfile.read(size).decode()).items()}
        if self.path == "/session":
            if form["password"] != "pw":
                return self.answer(403, {})
            sid = secrets.token_hex(8)
            keep(sid, {"name": form["name"], "items": []})
            return self.answer(200, {}, f"basket={sid}; Path=/; HttpOnly")
        session = find(self.sid)
        if session is None:
            return self.answer(401, {})
        session["items"] = [*session["items"], form["item"]]
        keep(self.sid, session)
        return self.answer(200, session)

    def do_DELETE(self) -> None:
        keep(self.sid, None)
        self.answer(200, {}, "basket=; Max-Age=0; Path=/")

    @property
    def sid(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("basket")
        return cookie.value if cookie else ""

    def answer(self, status: int, body: dict[str, Any], cookie: str = "") -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout.write(f"secret {os.environ.get('OWN')}\n")
    sys.stdout.flush()
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Shop).serve_forever()
