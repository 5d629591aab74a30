"""Cookie jars: what sort of client a user has decides which cookies it keeps, and sends."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from http.cookies import BaseCookie

    from aiohttp.abc import AbstractCookieJar
    from aiohttp.typedefs import LooseCookies

    from sessionlab.lab.recipes.model import Recipe

NOWHERE = URL()
MOST_COOKIE, MOST_ATTRIBUTE = 4096, 1024  # bytes (RFC 6265bis, 5.6 and 5.7)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~:-]+")  # what `http.cookies` takes for one
FROM_ELSEWHERE: ContextVar[str] = ContextVar("from_elsewhere", default="")
"""The method of a request to which another site has led, empty for any other request."""


def jar_for(recipe: Recipe, url: str) -> AbstractCookieJar:
    """The jar of a client of that kind."""
    if recipe.client.kind == "no-jar":
        return aiohttp.DummyCookieJar()
    kind = BrowserJar if recipe.client.kind == "browser" else OneSite
    return kind(url, recipe.hosts)


class OneSite(aiohttp.CookieJar):
    """Keeps and gives cookies as if every request went to the same host, `apart` from some.

    A client that asks a node past the balancer presents what it holds, as it would if both had one
    name. On the loopback they do, for a cookie doesn't know about ports (RFC 6265, 8.5).
    """

    def __init__(self, url: str, apart: Collection[str] = ()) -> None:
        super().__init__(unsafe=True)
        self._host = URL(url).host or ""
        self._apart = {host.partition(":")[0] for host in apart}

    def update_cookies(self, cookies: LooseCookies, response_url: URL = NOWHERE) -> None:
        super().update_cookies(cookies, self._here(response_url))

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        kept = [line for line in headers if _is_readable(line)]
        if kept:
            super().update_cookies_from_headers(kept, self._here(response_url))

    def filter_cookies(self, request_url: URL = NOWHERE) -> BaseCookie[str]:
        return super().filter_cookies(self._here(request_url))

    def _here(self, url: URL) -> URL:
        return url.with_host(self._host) if url.host and url.host not in self._apart else url


class BrowserJar(OneSite):
    """Refuses and withholds cookies as browsers do (RFC 6265bis).

    A `Secure` cookie comes and goes over TLS only, and over nothing else is it replaced; the
    prefixes keep what they promise; what is too large is dropped; `SameSite` decides what a request
    carries to which another site has led, and is `Lax` where nothing is said.
    """

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        held = {cookie.key for cookie in self if cookie["secure"]}
        kept = [
            line for line in headers if _is_readable(line) and _may_set(line, response_url, held)
        ]
        if kept:
            super().update_cookies_from_headers(kept, response_url)

    def filter_cookies(self, request_url: URL = NOWHERE) -> BaseCookie[str]:
        found = super().filter_cookies(request_url)
        if method := FROM_ELSEWHERE.get():
            same_site = {cookie.key: cookie["samesite"].lower() or "lax" for cookie in self}
            sent = ("none",) if method not in ("GET", "HEAD") else ("none", "lax")
            for name in [name for name in found if same_site.get(name) not in sent]:
                del found[name]
        return found


def _is_readable(line: str) -> bool:
    """Whether it sets something that can be sent back: bytes that are no UTF-8 can't be."""
    name = line.partition(";")[0].partition("=")[0].strip()
    return _NAME.fullmatch(name) is not None and line.encode(errors="replace").decode() == line


def _may_set(line: str, url: URL, held: Collection[str]) -> bool:
    pair, *said = line.split(";")
    name, _, value = (part.strip() for part in pair.partition("="))
    attributes = {
        key.strip().lower(): value.strip()
        for key, _, value in (one.partition("=") for one in said)
        if len(value.strip()) <= MOST_ATTRIBUTE
    }
    if len(name.encode()) + len(value.encode()) > MOST_COOKIE:
        return False
    secure, prefix = "secure" in attributes, name.lower()
    if url.scheme not in ("https", "wss") and (secure or name in held):
        return False
    if not secure and (
        prefix.startswith(("__secure-", "__host-"))
        or attributes.get("samesite", "").lower() == "none"
    ):
        return False
    of_host = attributes.get("path") == "/" and not attributes.get("domain")
    return of_host or not prefix.startswith("__host-")
