"""The header that explains an answer: which backend gave it, and what became of the client's pin.

Off unless asked for (`--explain`): it tells clients what they need not know. A header of that name
that a client or a backend sends never passes, so what is there is ours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.backend import NOT_LOOKED_AT

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Found

HEADER = b"x-balancer"


def verdict(found: Found, done: str) -> str:
    """`VN`, or `DI; reason=backend-down`; nothing when nobody looked."""
    if found is NOT_LOOKED_AT:
        return ""
    letters = found.verdict + done
    return f"{letters}; reason={found.reason}" if found.reason else letters


def line(backend: str, found: Found, done: str) -> bytes:
    """The header line; `backend` is empty when the balancer answers by itself."""
    return _line(backend, verdict(found, done))


@lru_cache(maxsize=4096)
def _line(backend: str, said: str) -> bytes:
    affinity = said and f"; affinity={said}"
    return f"X-Balancer: backend={backend or '-'}{affinity}\r\n".encode()


def into(answer: bytes, header: bytes) -> bytes:
    """An answer of ours with the header behind its status line."""
    status, _, rest = answer.partition(b"\r\n")
    return status + b"\r\n" + header + rest
