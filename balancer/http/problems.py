"""The answers that the balancer makes itself: problem documents (RFC 9457)."""

import json
from functools import lru_cache
from http import HTTPStatus

RETRY_AFTER_S = 1
_ALLOWED = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"
"""Of the methods that are served, those that every client knows (RFC 9110 section 15.5.6)."""


@lru_cache(maxsize=256)
def document(status: int, detail: str) -> bytes:
    """The JSON body of a problem; `about:blank` as the title is the status's own phrase."""
    phrase = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    return json.dumps(body).encode()


@lru_cache(maxsize=256)
def answer(status: int, detail: str, *, close: bool, bodiless: bool = False) -> bytes:
    """A whole HTTP/1.1 answer in bytes; `bodiless` for HEAD (RFC 9110 section 9.3.2)."""
    body = document(status, detail)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(f"Retry-After: {RETRY_AFTER_S}")
    if status in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.OK}:  # OK: to OPTIONS
        lines.append(f"Allow: {_ALLOWED}")
    if close:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return head if bodiless else head + body
