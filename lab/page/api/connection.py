"""A connection to the page, with a problem document for what aiohttp itself refuses."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler
from msgspec import json

from sessionlab.lab.page.model.doing import Problem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

_silent = logging.getLogger("sessionlab.page.api.connection")
_silent.setLevel(
    logging.CRITICAL + 1
)  # whoever sends garbage writes tracebacks over the bench otherwise


class Connection(RequestHandler):
    """One connection. A compressed body stays as it is, and so is no JSON."""

    __slots__ = ()

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        options = {"access_log": None, "auto_decompress": False, "logger": _silent}
        super().__init__(server, loop=loop, **options)  # type: ignore[arg-type]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  it repeats what was sent
    ) -> web.StreamResponse:
        """Answer what never reached the application: no HTTP, or too much of it."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            traceback.print_exception(exc)
        response = problem(status, "the head of this request cannot be taken")
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """What is raised before the application's middleware (417) is a problem, too."""
        if isinstance(resp, web.HTTPException):
            resp = problem(resp.status, resp.reason)
        return await super().finish_response(request, resp, start_time)


def problem(
    status: int,
    detail: str,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    field: str = "",
) -> web.Response:
    """RFC 9457, and `hint`, the way out; `field` is the one that is wrong."""
    said = Problem(HTTPStatus(status).phrase, status, detail, hint, field)
    kept = {name: value for name, value in (headers or {}).items() if name != hdrs.CONTENT_TYPE}
    return web.Response(
        body=json.encode(said),
        status=status,
        headers=kept,
        content_type="application/problem+json",
        charset="utf-8",
    )
