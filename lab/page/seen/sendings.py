"""The page's own requests, told apart from strangers' by an id that only the page could have made.

Our balancer keeps the `X-Request-ID` that a client sends, forwards and logs it; HAProxy and nginx
forward it as it is, so that a node of ours logs it, too.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.clients.client import Client

HEADER = "X-Request-ID"
LOOK = f"look.{secrets.token_hex(6)}"
"""What the page sends when it looks into a credential: that is no request of anybody's."""
MOST = 10_000  # that are remembered


@dataclass(slots=True)
class Sending:
    """Of which tab it is; how many seconds its client waited, None as long as it waits.

    `is_forged`: what it presents is not what the tab was given.
    """

    tab: str = ""
    is_forged: bool = False
    seconds: float | None = None


STRANGER = Sending()


class Sendings:
    """Every conversation that a tab begins, by the id that is sent with it in `HEADER`."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(6)
        self._numbers = count(1)
        self._known: dict[str, Sending] = {}

    @contextmanager
    def timed(self, client: Client, tab: str, *, is_forged: bool = False) -> Iterator[None]:
        """Have what a client sends here known as that tab's, and how long it waited."""
        client.headers[HEADER] = name = self.begin(tab, is_forged=is_forged)
        began = time.monotonic()
        try:
            yield
        finally:
            self.end(name, time.monotonic() - began)

    def begin(self, tab: str, *, is_forged: bool = False) -> str:
        """The id for a tab's next conversation."""
        name = f"{self._prefix}.{next(self._numbers)}"
        self._known[name] = Sending(tab, is_forged)
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return name

    def end(self, name: str, seconds: float) -> None:
        """Its client has its answer, or has given up."""
        if name in self._known:
            self._known[name].seconds = seconds

    def of(self, name: str) -> Sending:
        """Whose the request of that id is: `STRANGER` where it is none of a tab's."""
        return self._known.get(name, STRANGER)
