"""Who is asking: the credential out of the request, through the strategy, timed and counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from sessionlab.nodes.errors import Problem, Reason, Refused
from sessionlab.nodes.strategies.interface import Session
from sessionlab.nodes.web.access_log import AUTH_SECONDS, CREDENTIAL, USER
from sessionlab.nodes.web.node import NODE


async def recognise(request: web.Request) -> Session:
    """The asker's session. Raises `Refused` with the reason, or `Unavailable`."""
    node = request.app[NODE]
    with timed(request):
        try:
            session = await _open(request)
        except Problem as problem:
            node.metrics.authentication(problem.code)
            raise
    node.metrics.authentication("ok")
    request[USER] = session.user
    return session


def presented(request: web.Request) -> str | None:
    """The credential that the request carries, if it carries one that can be told."""
    try:
        return request.app[NODE].strategy.transport.read(request.headers)
    except Problem:
        return None


@contextmanager
def timed(request: web.Request) -> Iterator[None]:
    """Adds what happens inside to the request's time for authentication."""
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        request[AUTH_SECONDS] = request.get(AUTH_SECONDS, 0.0) + seconds


async def _open(request: web.Request) -> Session:
    strategy = request.app[NODE].strategy
    credential = strategy.transport.read(request.headers)
    # The store is not asked about nobody: while it hangs, anonymous users are served as ever.
    if not credential:
        raise Refused(Reason.NO_CREDENTIAL)
    request[CREDENTIAL] = credential
    return await strategy.open(credential)
