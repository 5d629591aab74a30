"""The app: log in, who am I, a cart, log out."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from sessionlab.nodes.errors import Problem, Reason, Refused
from sessionlab.nodes.strategies.interface import Grant, Session
from sessionlab.nodes.transports.interface import Delivery
from sessionlab.nodes.web.access_log import CREDENTIAL, GRANTED, USER
from sessionlab.nodes.web.answers import note_nobody, withdrawal
from sessionlab.nodes.web.bodies import Credentials, check_media_type, read_credentials, read_item
from sessionlab.nodes.web.node import NODE, Node
from sessionlab.nodes.web.recognition import presented, recognise, timed


async def index(request: web.Request) -> web.Response:
    """`GET /`: what can be asked, and who is asking if that can be told. Needs no credential."""
    node = request.app[NODE]
    user, auth = await _anybody(request)
    return web.json_response(
        {
            "node": node.id,
            "service": node.service,
            "user": user,
            "auth": auth,
            "routes": {
                "POST /login": {"username": "string", "password": "string"},
                "GET /me": None,
                "GET /cart": None,
                "POST /cart": {"item": "string"},
                "POST /logout": None,
            },
        }
    )


async def login(request: web.Request) -> web.Response:
    """`POST /login` `{"username", "password"}`: 200 `{"user", "node"}` and a credential."""
    credentials = await read_credentials(request)
    delivery = await log_in(request, credentials)
    return _delivered({"user": credentials.username, "node": request.app[NODE].id}, delivery)


async def me(request: web.Request) -> web.Response:
    """`GET /me`: 200 `{"user", "node", "service", "version"}`."""
    session = await recognise(request)
    node = request.app[NODE]
    return web.json_response(
        {
            "user": session.user,
            "node": node.id,
            "service": node.service,
            "version": node.version,
        }
    )


async def show_cart(request: web.Request) -> web.Response:
    """`GET /cart`: 200 `{"items", "node"}`."""
    session = await recognise(request)
    with timed(request):
        items = await session.items()
    return web.json_response({"items": items, "node": request.app[NODE].id})


async def add_to_cart(request: web.Request) -> web.Response:
    """`POST /cart` `{"item"}`: 200 `{"items", "node"}`; a new credential if it holds the cart."""
    node = request.app[NODE]
    session = await recognise(request)
    items, delivery = await put_in_cart(request, session, await read_item(request))
    return _delivered({"items": items, "node": node.id}, delivery)


async def logout(request: web.Request) -> web.Response:
    """`POST /logout`: 204, also for somebody who is logged in nowhere: asking twice does no harm.

    Of several credentials each is ended: they cannot be told apart, and one is the user's own.
    When the store cannot be reached it is a 503 and the client keeps its credential: told to forget
    it, the user would believe that a session ended which lives on.
    """
    if request.can_read_body:
        check_media_type(request)
    return web.Response(status=204, headers=(await log_out(request)).headers)


async def log_in(request: web.Request, credentials: Credentials) -> Delivery:
    """Check the password, and hand over a credential. Raises `Problem`."""
    node = request.app[NODE]
    request[USER] = credentials.username
    with timed(request):
        try:
            if not await node.directory.check(credentials.username, credentials.password):
                raise Refused(Reason.PASSWORD)
            grant = await node.strategy.login(credentials.username, presented(request))
        except Problem as problem:
            node.metrics.login(problem.code)
            raise
    node.metrics.login("ok")
    return _deliver(request, node, grant)


async def put_in_cart(
    request: web.Request, session: Session, item: str
) -> tuple[list[str], Delivery]:
    """The items of the cart then, and a new credential if it holds the cart. Raises `Problem`."""
    node = request.app[NODE]
    await asyncio.sleep(node.cart_delay)
    added = await session.add(item)
    return added.items, _deliver(request, node, added.grant) if added.grant else Delivery()


async def log_out(request: web.Request) -> Delivery:
    """End what the request presents: see `logout`. Raises `Problem`."""
    node = request.app[NODE]
    credentials = node.strategy.transport.every(request.headers)
    request[CREDENTIAL] = next(iter(credentials), "")
    with timed(request):
        ended = [await node.strategy.logout(credential) for credential in credentials]
    node.metrics.logout("ended" if any(ended) else "nothing")
    return withdrawal(request)


async def _anybody(request: web.Request) -> tuple[str | None, str]:
    """Who is asking, and how it went; nobody when that cannot be told, and why."""
    try:
        session = await recognise(request)
    except Problem as problem:
        note_nobody(request, problem)
        return None, problem.code
    return session.user, "ok"


def _deliver(request: web.Request, node: Node, grant: Grant) -> Delivery:
    request[GRANTED] = grant.credential
    secure = node.edge.is_secure(request.remote, request.headers)
    return node.strategy.transport.deliver(grant.credential, grant.expires_in, secure=secure)


def _delivered(body: Mapping[str, object], delivery: Delivery) -> web.Response:
    return web.json_response({**body, **delivery.members}, headers=delivery.headers)
