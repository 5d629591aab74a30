"""aiohttp's connection, with our answers where aiohttp answers before or after the application."""

import asyncio
import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from sessionlab.nodes.web import problems
from sessionlab.nodes.web.access_log import FORMS, AccessLogForm
from sessionlab.nodes.web.answers import stamp_headers
from sessionlab.nodes.web.node import Node

_log = logging.getLogger("nodes")
_access_log = logging.getLogger("nodes.access")

KEEP_ALIVE = 75.0
"""Seconds that an idle connection stays open, and that a request's headers may take: nginx's own
default, and more than the idle time of the pools in front (else a balancer sends into a close)."""

_LINGER = 2.0
_MAX_LINE = 8190
_MAX_HEADERS = 64


class NodeProtocol(RequestHandler):
    """One connection to a client."""

    __slots__ = ("_node",)

    def __init__(self, server: web.Server, node: Node, *, access_log: AccessLogForm) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEP_ALIVE,
            # None turns it off (web_protocol.py)
            access_log=None if access_log == "none" else _access_log,  # type: ignore[arg-type]
            access_log_class=FORMS.get(access_log, FORMS["text"]),
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            max_headers=_MAX_HEADERS,
            lingering_time=_LINGER,
            # A compressed body is refused, so nothing is ever inflated.
            auto_decompress=False,
        )
        self._node = node

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may repeat what the client sent
    ) -> web.StreamResponse:
        """Answers what never reached the application: the parser's refusals."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed outside its handler", exc_info=exc)
            problem = problems.unexpected()
        else:
            problem = problems.from_parser(exc)
        self._node.metrics.request("unparsed", "other", problem.status, 0.0)
        response = problems.response(problem, self._node.id)
        stamp_headers(response.headers, self._node.id, 0.0)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Turns what aiohttp raises before the middlewares (417) into a problem, too."""
        if isinstance(resp, web.HTTPException):
            problem = problems.from_http(resp)
            self._node.metrics.request("unparsed", "other", problem.status, 0.0)
            resp = problems.response(problem, self._node.id)
        return await super().finish_response(request, resp, start_time)
