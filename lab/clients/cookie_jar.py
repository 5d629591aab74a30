"""A cookie jar for a cluster: all of it is one site, whatever address a part of it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.cookies import BaseCookie

    from aiohttp.typedefs import LooseCookies

NOWHERE = URL()


class OneSite(aiohttp.CookieJar):
    """Keeps and gives cookies as if every request went to the same host.

    A client that asks a node past the balancer presents what it holds, as it would if both had one
    name. On the loopback they do, for a cookie doesn't know about ports (RFC 6265, 8.5).
    """

    def __init__(self, url: str) -> None:
        super().__init__(unsafe=True)
        self._host = URL(url).host or ""

    def update_cookies(self, cookies: LooseCookies, response_url: URL = NOWHERE) -> None:
        super().update_cookies(cookies, self._here(response_url))

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        super().update_cookies_from_headers(headers, self._here(response_url))

    def filter_cookies(self, request_url: URL = NOWHERE) -> BaseCookie[str]:
        return super().filter_cookies(self._here(request_url))

    def _here(self, url: URL) -> URL:
        return url.with_host(self._host) if url.host else url
