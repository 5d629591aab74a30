"""A shop that mixes up its users, or forgets what they want: `careless.py HOST PORT`."""

from __future__ import annotations

import json
import os
import secrets
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs

BUG = os.environ.get("BUG", "")
SESSIONS: dict[str, dict[str, Any]] = {}
TURN = count(1)


class Careless(BaseHTTPRequestHandler):
    """Answers in JSON, and knows its users by the cookie `basket`; of one copy, in its memory."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self.answer(200, {})
        session = SESSIONS.get(self.sid)
        if session is None:
            return self.answer(401, {})
        if BUG == "mixes-up" and next(TURN) % 40 == 0:
            session = next(reversed(SESSIONS.values()))  # as a cache without a key does
        return self.answer(200, session)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        form = {name: value[0] for name, value in parse_qs(self.rfile.read(size).decode()).items()}
        if self.path == "/session":
            sid = secrets.token_hex(8)
            sys.stdout.write(f"{form['name']} has session {sid}\n")  # as some apps do
            sys.stdout.flush()
            SESSIONS[sid] = {"name": form["name"], "items": []}
            return self.answer(200, {}, f"basket={sid}; Path=/; HttpOnly")
        session = SESSIONS.get(self.sid)
        if session is None:
            return self.answer(401, {})
        if BUG != "forgets" or next(TURN) % 5:
            session["items"].append(form["item"])
        return self.answer(200, {})

    def do_DELETE(self) -> None:
        SESSIONS.pop(self.sid, None)
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
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Careless).serve_forever()
