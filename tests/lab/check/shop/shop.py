"""A tiny shop whose sessions live where it is told, and which is broken as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

SESSIONS, BROKEN = os.environ["SESSIONS"], os.environ.get("BROKEN", "")
KEY = os.environ.get("KEY", "").encode() or secrets.token_bytes(16)
Session = dict[str, Any]
BLOCKED, LAST = "blocked", 0.0
MEMORY: dict[str, Session] = {}
CACHE: dict[str, Session] = {}
ASKED: list[str] = []


def load(value: str) -> Session:
    """The session of that cookie; an empty one when there is none."""
    if SESSIONS == "signed":
        text, _, signature = value.rpartition(".")
        good = hmac.compare_digest(signature, sign(text))
        session: Session = json.loads(base64.urlsafe_b64decode(text)) if good else {}
        return session
    if SESSIONS == "memory":
        return MEMORY.get(value, {})
    path = Path(os.environ["SHARED"]) / value
    if BROKEN == "stale-cache":
        if value not in CACHE:
            CACHE[value] = json.loads(path.read_text()) if value and path.exists() else {}
        return dict(CACHE[value])
    return dict(json.loads(path.read_text())) if value and path.exists() else {}


def save(value: str, session: Session) -> str:
    """Keep it; the cookie to send."""
    if SESSIONS == "signed":
        text = base64.urlsafe_b64encode(json.dumps(session).encode()).decode()
        return f"{text}.{sign(text)}"
    value = value if value and load(value) else secrets.token_urlsafe(16)
    if SESSIONS == "memory":
        MEMORY[value] = session
    else:
        CACHE[value] = session
        (Path(os.environ["SHARED"]) / value).write_text(json.dumps(session))
    return value


def drop(value: str) -> None:
    CACHE.pop(value, None)
    if BROKEN != "logout":
        MEMORY.pop(value, None)
        if SESSIONS == "shared" and value:
            (Path(os.environ["SHARED"]) / value).unlink(missing_ok=True)


def burst() -> str | None:
    """The cookie of who comes right after another one without any."""
    global LAST
    before, LAST = LAST, time.monotonic()
    return BLOCKED if LAST - before < 0.1 else None


def sign(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        session = load(self.sid)
        if self.path == "/healthz":
            self.answer(200, {})
        elif self.path == "/me" and BROKEN == "everybody":
            self.answer(200, {"user": "user1"})
        elif not session:
            self.answer(401, {}, burst() if BROKEN == "first-visit" else None)
        elif self.path == "/me" and BROKEN == "rotates":
            MEMORY.pop(self.sid)
            self.answer(200, {"user": session["user"]}, save("", session))
        elif self.path == "/me":
            ASKED.append(self.sid)
            if BROKEN == "crashes" and len(ASKED) > 25:
                os._exit(7)
            self.answer(200, {"user": session["user"]})
        else:
            self.answer(200, {"cart": session["cart"]})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        form = {key: value[0] for key, value in parse_qs(self.rfile.read(size).decode()).items()}
        session = load(self.sid)
        if self.path == "/login":
            if self.sid == BLOCKED:
                self.answer(429, {})
            elif form["password"] == "pw" or BROKEN == "password":
                session = {"user": form["username"], "cart": []}
                self.answer(200, {}, save("", session))
            else:
                self.answer(401, {})
        elif not session:
            self.answer(401, {})
        elif self.path == "/cart":
            before = [] if BROKEN == "replaces" else session["cart"]
            session["cart"] = [*before, form["item"]]
            self.answer(200, {}, save(self.sid, session))
        else:
            drop(self.sid)
            self.answer(200, {}, "")

    @property
    def sid(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return cookie.value if cookie else ""

    def answer(self, status: int, body: Session, sid: str | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if sid is not None:
            self.send_header("Set-Cookie", f"session={sid}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
