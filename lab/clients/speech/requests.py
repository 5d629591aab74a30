"""Asks for one step of a recipe over HTTP, and follows where the answer leads within bounds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
from msgspec import UNSET
from multidict import CIMultiDict
from yarl import URL

from sessionlab.lab.clients.jars import FROM_ELSEWHERE
from sessionlab.lab.clients.speech.heard import Heard
from sessionlab.lab.recipes.variables import Variable, fill, template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sessionlab.lab.clients.holdings import Holdings
    from sessionlab.lab.clients.wire import Exchange, Wire
    from sessionlab.lab.recipes.model import Recipe, Step

REDIRECTS = (301, 302, 303, 307, 308)
ACCOUNT = ("user", "password", "userpass")
SAFE = ("GET", "HEAD", "OPTIONS")
_SECURE = {"wss": "https", "ws": "http"}


@dataclass(slots=True)
class Context:
    """Who asks, and where: `base` is the address that is asked, `public` that which users know.

    `missing` says, by their names, of what this conversation should have taken why it has not.
    `page` is where a browser is.
    """

    recipe: Recipe
    holdings: Holdings
    wire: Wire
    base: str
    public: str
    headers: Mapping[str, str]
    patience: Callable[[Step], float]
    item: str | None = None
    missing: dict[str, str] = field(default_factory=dict)
    page: URL | None = None

    def value(self, name: str) -> str | None:
        """What `{name}` stands for; None while it is unknown."""
        if name in self.missing:
            return None
        if name in ("base", "public"):
            return self.base if name == "base" else self.public
        if name in ("host", "port"):
            return str(getattr(URL(self.base), name))
        return self.item if name == "item" else self.holdings.value(name)

    # What is asked

    def url(self, path: str) -> URL:
        """Where a step's path leads, with what is sent with each request.

        Raises Unknown; ValueError for what is no URL, or one of a host that is none of the app's.
        """
        parts = template(path).parts
        said = "".join(
            (part.value(self.value) or "" if number == 0 else _quoted(part, self.value))
            if isinstance(part, Variable)
            else part
            for number, part in enumerate(parts)
        )
        if "://" not in said.partition("?")[0]:
            return self.everywhere(URL(f"{self.base}/{said.removeprefix('/')}"))
        url = self.everywhere(URL(said))
        if not self.is_inside(url):
            raise ValueError(f"{url.host} is none of the app's hosts")
        return url

    def everywhere(self, url: URL) -> URL:
        """With `[every.query]`."""
        query = self.recipe.every.query
        if not query or not self.is_inside(url):
            return url
        return url.update_query(fill(query, self.value))

    def is_inside(self, url: URL) -> bool:
        """Whether credentials may go there."""
        hosts = self.recipe.hosts
        if hosts and (url.host in hosts or f"{url.host}:{url.port}" in hosts):
            return True
        return _origin(url) in (_origin(URL(self.base)), _origin(URL(self.public)))

    def sent(self, step: Step) -> CIMultiDict[str]:
        """The headers of a step, and before them those that are sent with each request."""
        headers = CIMultiDict(self.headers)
        for said in (self.recipe.every.headers, step.headers):
            for name, text in said.items():
                value = template(text).fill(self.value)
                if value is not None:
                    headers[name] = value
        return headers

    def as_a_browser(self, headers: CIMultiDict[str], method: str, url: URL) -> None:
        """Add the origin of whatever may change something, and the page that it comes from."""
        page = self.page
        if page is None or not (_origin(page) == _origin(url) or page.host in self.recipe.hosts):
            page = None  # as after another address was typed in
        origin = (page or URL(self.base)).origin()
        if method not in SAFE:
            headers.setdefault("Origin", str(origin))
        if page is not None and not (page.scheme == "https" and url.scheme in ("http", "ws")):
            same = _origin(page) == _origin(url)
            headers.setdefault("Referer", str(page if same else origin / ""))

    def size(self, step: Step) -> int:
        """Bytes of what a step sends of what was taken, outside of the headers that all know."""
        size = 0
        for name, text in {**self.recipe.every.headers, **step.headers}.items():
            if name.lower() in ("cookie", "authorization") or "{" not in text:
                continue
            value = template(text).fill(self.value) if self._is_tied(text) else None
            size += len(f"{name}: {value}\r\n") if value is not None else 0
        texts = [step.path, step.send, *self.recipe.every.query.values()]
        texts += [text for text in _strings(step) if isinstance(text, str)]
        held = self.holdings.taken
        return size + sum(
            len(held.get(variable.name, ""))
            for text in texts
            if "{" in text
            for variable in template(text).variables
        )

    def _is_tied(self, text: str) -> bool:
        held = self.holdings.taken
        return any(
            v.name in held or v.name in ACCOUNT or v.name.startswith(("user.", "cookie.", "env."))
            for v in template(text).variables
        )


async def ask(context: Context, step: Step) -> Heard:
    """Send it, and follow redirects; raises Unknown and ValueError before anything was sent."""
    url, headers = context.url(step.path), context.sent(step)
    body, method = body_of(context, step), step.method
    heard = Heard(url, credential=context.size(step))
    deadline = time.monotonic() + context.patience(step)
    led = ""
    for _ in range(step.follow + 1):
        got = await _once(context, method, heard.url, headers, body, deadline, step.events, led)
        _note(heard, got)
        location = got.headers.get("Location")
        if got.status not in REDIRECTS or location is None or got.error or not step.follow:
            return heard
        try:
            target = heard.url.join(URL(location))
            inside = context.is_inside(target)
        except ValueError:
            heard.error = "it leads to what is no URL"
            return heard
        if not inside:
            heard.outside = f"{target.scheme}://{target.authority}"
            return heard
        if got.status == 303 or (got.status in (301, 302) and method == "POST"):  # noqa: PLR2004
            method, body = "GET", {}
            headers.popall("Content-Type", None)
        led = led or ("x" if target.host != heard.url.host else "")
        heard.passed.append((got.status, got.headers))
        heard.url = context.everywhere(target)
    heard.error = f"more than {step.follow} redirects"
    return heard


async def _once(
    context: Context,
    method: str,
    url: URL,
    headers: CIMultiDict[str],
    body: dict[str, Any],
    deadline: float,
    events: int,
    led: str,
) -> Exchange:
    if context.recipe.client.kind == "browser":
        headers = headers.copy()
        context.as_a_browser(headers, method, url)
    token = FROM_ELSEWHERE.set(method if led else "")
    try:
        left = max(deadline - time.monotonic(), 0.001)
        got = await context.wire.ask(
            method, url, headers=headers, patience=left, events=events, **body
        )
    finally:
        FROM_ELSEWHERE.reset(token)
    if got.status is not None:
        context.page = url
    return got


def _note(heard: Heard, got: Exchange) -> None:
    if not heard.passed:
        heard.credential += got.credential
    heard.status, heard.headers, heard.content = got.status, got.headers, got.content
    heard.events, heard.error, heard.given_up = got.events, got.error, got.given_up
    heard.sent = heard.sent or got.sent
    heard.new_connection = heard.new_connection or got.new_connection


def body_of(context: Context, step: Step) -> dict[str, Any]:
    """As aiohttp takes it."""
    if step.json is not UNSET:
        return {"json": fill(step.json, context.value)}
    if step.form is not UNSET:
        return {"data": aiohttp.FormData(fill(step.form, context.value))}
    if step.body is not UNSET:
        return {"data": (fill(step.body, context.value) or "").encode()}
    return {}


def _strings(step: Step) -> list[Any]:
    """The texts of a body, as far as they may hold what was taken."""
    if step.form is not UNSET:
        return list(step.form.values())
    if step.json is not UNSET:
        return _leaves(step.json)
    return [step.body] if step.body is not UNSET else []


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def _quoted(part: Variable, lookup: Callable[[str], str | None]) -> str:
    return quote(part.value(lookup) or "", safe="")


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return _SECURE.get(url.scheme, url.scheme), url.host, url.port
