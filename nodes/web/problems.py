"""Problem documents: `application/problem+json` (RFC 9457) for every error that a node answers.

`type` is left at `about:blank`, so `title` is the status in words; `code` is the extension member
that tells a machine which problem it is, and never changes its meaning.
"""

import json
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.http_exceptions import LineTooLong

from sessionlab.nodes.errors import Problem

MEDIA_TYPE = "application/problem+json"

_CODES = {
    400: "bad-request",
    404: "no-such-resource",
    405: "method-not-allowed",
    413: "body-too-large",
    417: "expectation-failed",
}


def document(problem: Problem, node: str) -> dict[str, str | int]:
    """The members of the document."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "node": node,
    }


def response(problem: Problem, node: str) -> web.Response:
    """The problem as an answer."""
    return web.Response(
        status=problem.status,
        text=json.dumps(document(problem, node)),
        content_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def from_http(error: web.HTTPException) -> Problem:
    """What aiohttp itself refuses (404, 405, 413, 417), with its headers that matter."""
    allow = error.headers.get(hdrs.ALLOW)
    detail = HTTPStatus(error.status).description or error.reason
    return Problem(
        error.status,
        _CODES.get(error.status, "refused"),
        detail,
        {hdrs.ALLOW: allow} if allow is not None else {},
    )


def from_parser(error: BaseException | None) -> Problem:
    """What the parser refuses. Its own words may repeat a credential; these don't."""
    if isinstance(error, LineTooLong):
        return Problem(431, "headers-too-large", "the request line or a header is too long")
    return Problem(400, "request-malformed", "this is not HTTP/1.1")


def unexpected() -> Problem:
    """A defect of the node's: the log has the rest."""
    return Problem(500, "internal-error", "the node failed to answer this")
