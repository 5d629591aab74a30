"""The requests of one user, rendered once for as long as what it holds stays as it is."""

from __future__ import annotations

import math
from copy import copy
from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import REPLICAS
from sessionlab.lab.clients.engine_wire import EngineWire
from sessionlab.lab.recipes.variables import Unknown, used
from sessionlab.lab.record.packed.schema import TIE_KNOWN, TIED

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.foreseen import Foreseen
    from sessionlab.lab.recipes.model import Recipe, Step
    from sessionlab.lab.workload.recording import Recorder

NUMBER = b"90817263544536271"
"""Stands for an item's number in a request that is kept."""
LASTING = 1.0  # seconds for which a request is kept whose cookie ends some time
_ENDS = (b"max-age", b"expires")


class Plain:
    """A conversation of one plain step; `names_cookies` where a cookie's value is in it."""

    def __init__(self, name: str, step: Step, recipe: Recipe) -> None:
        self.name, self.step = name, step
        asked = (step, recipe.every.headers, recipe.every.query)
        self.names_cookies = any(v.name.startswith("cookie.") for one in asked for v in used(one))


class Kept:
    """A request that can be sent again, and what is known of it before; see `Foreseen`."""

    __slots__ = (
        *("_body", "_head", "_line", "flags", "hashed", "named", "origin", "seen", "size", "state"),
        *("tab", "token_end", "until", "url", "wire", "within"),
    )

    def __init__(self, seen: Foreseen, wire: EngineWire) -> None:
        self.seen, self.url, self.named = seen, seen.url, seen.named
        self.wire, self.origin = wire, wire.origin(seen.url)
        self.size = seen.credential + seen.size
        self.flags = TIE_KNOWN * (seen.tie is not None) | TIED * bool(seen.tie)
        self.hashed, self.token_end, self.within, self.until = 0, math.nan, 0.0, math.inf
        self.state = self.tab = 0
        self._head, self._body, self._line = seen.request, b"", b""
        if NUMBER in seen.request:
            head, end, self._body = seen.request.partition(b"\r\n\r\n")
            self._head = head + end
            self._line = _length(self._body)

    def request(self, number: int) -> bytes:
        """With that item's number, where it has one."""
        if not self._line:
            return self._head
        said = b"%d" % number
        body = self._body.replace(NUMBER, said)
        head = self._head.replace(NUMBER, said).replace(self._line, _length(body))
        return head + body

    @property
    def is_lent(self) -> bool:
        """Whether it is somebody else who sends it, with what the user has held."""
        return self.tab >= REPLICAS

    def lent(self, wire: EngineWire) -> Kept:
        """The same for whoever replays it, on connections of its own."""
        same = copy(self)
        same.tab += REPLICAS
        same.wire, same.origin = wire, wire.origin(self.url)
        return same


class Requests:
    """Renders them; `cookies` are the lines of an answer that set what the user has already."""

    __slots__ = ("_client", "_hashed", "_kept", "_recorder", "_state", "_tab", "cookies")

    def __init__(self, client: Client, recorder: Recorder, tab: int) -> None:
        self.cookies: tuple[bytes, ...] = ()
        self._client = client
        self._recorder = recorder
        self._tab = tab
        self._kept: dict[str, Kept] = {}
        self._state = 0
        self._hashed: tuple[int, float] | None = None

    def get(self, plain: Plain, now: float) -> Kept | None:
        """That of a conversation; None where it is more than a plain request."""
        kept = self._kept.get(plain.name)
        if kept is None or kept.state != self._state or kept.until < now:
            kept = self._keep(plain, now, kept)
        return kept

    def changed(self, set_cookies: tuple[bytes, ...] = ()) -> None:
        """What the user holds is another now; those lines, if they come again, change nothing."""
        self._state += 1
        self._hashed = None
        lasting = any(word in line.lower() for line in set_cookies for word in _ENDS)
        self.cookies = () if lasting else set_cookies

    def _keep(self, plain: Plain, now: float, before: Kept | None) -> Kept | None:
        client, wire = self._client, self._client.wire
        if not isinstance(wire, EngineWire):
            return None
        item = f"{client.user}.{NUMBER.decode()}" if plain.name == "write" else None
        old = before.seen if before and not plain.names_cookies else None
        try:
            seen = client.foresee(plain.step, item, old)
        except (Unknown, ValueError):
            return None
        if seen is None:
            return None
        if self._hashed is None:
            self._hashed = self._recorder.credential(client.credential)
        kept = self._kept[plain.name] = Kept(seen, wire)
        kept.hashed, kept.token_end = self._hashed
        kept.within = client.patience_for(plain.step)
        kept.state, kept.tab = self._state, self._tab
        kept.until = now + LASTING if wire.forgets else math.inf
        return kept


def _length(body: bytes) -> bytes:
    return b"\r\nContent-Length: %d\r\n" % len(body)
