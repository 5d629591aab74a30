"""The access log: a line a request, in words or as JSON. What is secret stays out of both.

Query, Referer and User-Agent may hold a secret, and are left out. A credential is told by its mark
alone, by which two requests of one client are known to be of one.
"""

import hashlib
import json
from time import time as now
from typing import Literal

from aiohttp import hdrs, web
from aiohttp.abc import AbstractAccessLogger

AccessLogForm = Literal["none", "text", "json"]

USER = web.RequestKey("user", str)
"""Who was recognised, or who tried to log in."""

CREDENTIAL = web.RequestKey("credential", str)
GRANTED = web.RequestKey("granted", str)
REASON = web.RequestKey("reason", str)
"""What was wrong, in words; with an answer that is no error, whom it was for."""

AUTH_SECONDS = web.RequestKey("auth_seconds", float)
"""What authentication took in this request."""

SECONDS = web.RequestKey("seconds", float)
"""What answering took: aiohttp's own figure is one of whole milliseconds on uvloop."""

DOES = web.RequestKey("does", str)
"""What a form of the page at `/` is for."""

_LONGEST = 256  # characters of a path
_LONGEST_ID = 64


class TextLog(AbstractAccessLogger):
    """Method, path, status, milliseconds: nothing about anybody."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        path = request.rel_url.raw_path
        self.logger.info("%s %s %d %.1f ms", request.method, path, response.status, time * 1000)


class JsonLog(AbstractAccessLogger):
    """One JSON object: `forwarded` says that it came through a proxy, as a client's does.

    `credential` and `granted` are marks of what the request brought and of what its answer gave;
    `auth` is the part of `seconds` that went into finding out who asks, store included.
    """

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        row = {
            "at": round(now(), 3),
            "method": request.method,
            "path": request.rel_url.raw_path[:_LONGEST],
            "status": response.status,
            "seconds": round(request.get(SECONDS, time), 6),
            "user": request.get(USER),
            "reason": request.get(REASON),
            "does": request.get(DOES),
            "credential": _mark(request.get(CREDENTIAL)),
            "granted": _mark(request.get(GRANTED)),
            "forwarded": hdrs.X_FORWARDED_FOR in request.headers,
            "request_id": request.headers.get("X-Request-ID", "")[:_LONGEST_ID],
            "auth": round(request.get(AUTH_SECONDS, 0.0), 6),
        }
        self.logger.info(json.dumps(row))


FORMS: dict[str, type[TextLog | JsonLog]] = {"text": TextLog, "json": JsonLog}


def _mark(credential: str | None) -> str | None:
    """Eight hex digits of its SHA-256: enough to know it again, too few to find it by."""
    return hashlib.sha256(credential.encode()).hexdigest()[:8] if credential else None
