"""A plain request before it is sent, for whoever sends it many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yarl import URL

    from sessionlab.lab.clients.wire import Wire


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plain request that is not sent yet, and what is known of it: see `Operation`, `Exchange`.

    `credential` are the bytes of the headers that all know, `size` those of what was taken
    elsewhere; `named` is what `me` has to answer.
    """

    url: URL
    request: bytes
    credential: int
    size: int
    tie: bool | None
    named: str | None
    cookies: str
    taken: Mapping[str, str]

    def renewed(self, wire: Wire) -> Foreseen | None:
        """With the cookies of now; None where there are others by their names."""
        cookies = wire.cookie_line(self.url)
        if not cookies or _names(cookies) != _names(self.cookies):
            return None
        old, new = (f"\r\nCookie: {line}\r\n".encode() for line in (self.cookies, cookies))
        request = self.request.replace(old, new, 1)
        more = len(cookies) - len(self.cookies)
        known = (self.size, self.tie, self.named, cookies, self.taken)
        return Foreseen(self.url, request, self.credential + more, *known)


def _names(cookies: str) -> list[str]:
    return [pair.partition("=")[0] for pair in cookies.split("; ")]
