"""`/` for a person's browser: a page, and the forms on it; for everybody else what it always was.

The forms go to the page's own address, whatever prefix a balancer has put before it, and never to
the routes of the API: those take JSON only, which no form on somebody else's page can send.
"""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from sessionlab.nodes.errors import Malformed, Problem, Reason, Unavailable
from sessionlab.nodes.strategies.interface import Strategy
from sessionlab.nodes.transports.interface import Delivery
from sessionlab.nodes.web import handlers
from sessionlab.nodes.web.access_log import DOES
from sessionlab.nodes.web.answers import note_nobody, refuse
from sessionlab.nodes.web.bodies import credentials_in, item_in, read_form
from sessionlab.nodes.web.node import NODE
from sessionlab.nodes.web.page import Seen, page, policy
from sessionlab.nodes.web.recognition import recognise

_VARY = {hdrs.VARY: hdrs.ACCEPT}


async def front(request: web.Request) -> web.Response:
    """`GET /`: the page for who prefers HTML to JSON, `handlers.index` for all others."""
    if wants_html(request.headers.get(hdrs.ACCEPT, "")):
        return await _page(request)
    response = await handlers.index(request)
    response.headers.update(_VARY)
    return response


async def submit(request: web.Request) -> web.Response:
    """`POST /`, a form of the page: `do` is login, logout or cart; 303 back to the page."""
    try:
        check_own_page(request)
        delivery = await _do(request, await read_form(request))
    except Problem as problem:
        if not wants_html(request.headers.get(hdrs.ACCEPT, "")):
            raise
        refuse(request, problem)
        return await _page(request, problem)
    # `?` alone leads to the path that was asked for (RFC 3986 section 5.3), which a balancer knows.
    return web.Response(status=303, headers={**delivery.headers, hdrs.LOCATION: "?"})


def wants_html(accept: str) -> bool:
    """Whether `text/html` is named and JSON is not liked better (RFC 9110, section 12.5.1)."""
    liked = dict(map(_weighed, accept.split(",")))
    html = liked.get("text/html", 0.0)
    return html > 0 and html >= liked.get("application/json", 0.0)


def check_own_page(request: web.Request) -> None:
    """Raises `Problem` (403) when a browser says that the form stood on another site's page.

    Sec-Fetch-Site where it is sent, else Origin. Who sends neither is no browser of today, and
    nobody whose cookies another site could use. Of several all must be the page's own.
    """
    sites = request.headers.getall("Sec-Fetch-Site", ())
    host = request.headers.get(hdrs.HOST, "").lower()
    if sites:
        own = {*sites} <= {"same-origin", "none"}
    else:
        own = all(_authority(one) == host for one in request.headers.getall(hdrs.ORIGIN, ()))
    if not own:
        raise Problem(403, "other-site", "this form was sent from another site's page")


def fits_browsers(strategy: Strategy) -> bool:
    """Whether a browser keeps this strategy's credential: whether a cookie takes it back."""
    return hdrs.SET_COOKIE in strategy.transport.withdraw(secure=False).headers


async def _do(request: web.Request, form: dict[str, str]) -> Delivery:
    does = form.get("do", "")
    if does in ("login", "logout", "cart"):
        request[DOES] = does
    match does:
        case "login":
            if not fits_browsers(request.app[NODE].strategy):
                raise Problem(409, "not-in-browsers", "a browser cannot keep this kind of token")
            return await handlers.log_in(request, credentials_in(form))
        case "logout":
            return await handlers.log_out(request)
        case "cart":
            session = await recognise(request)
            return (await handlers.put_in_cart(request, session, item_in(form)))[1]
    raise Malformed("field-unknown", '"do" must be login, logout or cart')


async def _page(request: web.Request, problem: Problem | None = None) -> web.Response:
    node = request.app[NODE]
    user: str | None = None
    items: list[str] = []
    why, known = "", True
    try:
        session = await recognise(request)
        items = await session.items()
        user = session.user
    except Problem as trouble:
        why = "" if trouble.code == Reason.NO_CREDENTIAL else trouble.detail
        known = not isinstance(trouble, Unavailable)
        if not problem:
            note_nobody(request, trouble)
    headers = problem.headers if problem else {}
    seen = Seen(
        node=node.id,
        about=f"service {node.service}, version {node.version}, strategy {node.strategy.name}",
        user=user,
        items=items,
        why=why,
        known=known,
        problem=f"{problem.status}: {problem.detail}" if problem else "",
        can_log_in=fits_browsers(node.strategy),
    )
    return web.Response(
        status=problem.status if problem else 200,
        text=page(seen),
        content_type="text/html",
        headers=headers | _VARY | policy(node.id),
    )


def _weighed(part: str) -> tuple[str, float]:
    """`text/html;q=0.9` as name and weight; a weight that is none counts as 0."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    given = [one.removeprefix("q=") for one in parameters if one.startswith("q=")]
    try:
        return name, float(given[0]) if given else 1.0
    except ValueError:
        return name, 0.0


def _authority(origin: str) -> str | None:
    """`host:port` of an Origin; None for `null` and for what is none (RFC 6454 section 7.1)."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
