"""What every answer has in common: its headers, its problem document, its place in the metrics."""

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from multidict import CIMultiDict

from sessionlab.nodes.errors import Problem, Reason, Refused, Unavailable
from sessionlab.nodes.transports.interface import Delivery
from sessionlab.nodes.web import problems
from sessionlab.nodes.web.access_log import AUTH_SECONDS, REASON, SECONDS
from sessionlab.nodes.web.node import NODE, Node

_log = logging.getLogger("nodes")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every request, whatever its handler raises, and counts it."""
    node = request.app[NODE]
    started = time.perf_counter()
    with node.readiness.request():
        response = await _respond(request, handler, node)
    seconds = request[SECONDS] = time.perf_counter() - started
    node.metrics.request(_route(request), request.method, response.status, seconds)
    return response


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer (an `on_response_prepare` signal)."""
    node = request.app[NODE]
    stamp_headers(response.headers, node.id, request.get(AUTH_SECONDS, 0.0))
    if node.readiness.leaving:
        # So that a balancer's pooled connections go before the node does (RFC 9112 section 9.6).
        response.headers[hdrs.CONNECTION] = "close"
        response.force_close()


def withdrawal(request: web.Request) -> Delivery:
    """What tells the client to forget its credential."""
    node = request.app[NODE]
    secure = node.edge.is_secure(request.remote, request.headers)
    return node.strategy.transport.withdraw(secure=secure)


def refuse(request: web.Request, problem: Problem) -> None:
    """Note why for the log; into a refusal's headers goes how to authenticate, and what to drop."""
    request[REASON] = problem.detail
    if isinstance(problem, Refused):
        transport = request.app[NODE].strategy.transport
        problem.headers[hdrs.WWW_AUTHENTICATE] = transport.challenge(problem)
        if problem.withdraw:
            problem.headers |= withdrawal(request).headers


def note_nobody(request: web.Request, problem: Problem) -> None:
    """Note for the log whom this answer is for, though it is well: nobody, and why.

    Not of who presented nothing.
    """
    if problem.code != Reason.NO_CREDENTIAL:
        who = "nobody can tell who" if isinstance(problem, Unavailable) else "nobody"
        request[REASON] = f"{who}: {problem.detail}"


def stamp_headers(headers: CIMultiDict[str], node_id: str, auth_seconds: float) -> None:
    """Who answered, what authentication took, and that nobody may keep it unless it says so."""
    headers["X-Node"] = node_id
    headers["Server-Timing"] = f"auth;dur={auth_seconds * 1000:.3f}"
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers[hdrs.SERVER] = "sessionlab"


async def _respond(request: web.Request, handler: Handler, node: Node) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        refuse(request, problem)
        return problems.response(problem, node.id)
    except web.HTTPException as error:
        refused = problems.from_http(error)
        request[REASON] = refused.detail
        return problems.response(refused, node.id)
    except Exception:  # noqa: BLE001 - the last line of defence: logged, and answered
        _log.exception("%s %s failed", request.method, _route(request))
        return problems.response(problems.unexpected(), node.id)


def _route(request: web.Request) -> str:
    """The route's template: the path itself is the client's to choose, without bound."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
