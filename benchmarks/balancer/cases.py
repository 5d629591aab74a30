"""The rows of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row. With `varied` heads no two requests are alike, as those of browsers are not.

    Each of the `first` visits is a newcomer's, whose answer sets a cookie: with `cookie` the
    balancer's, with `learn` the app's, of which the balancer takes note.
    """

    connections: int
    size: int
    keep_alive: bool
    cookie: bool
    varied: bool = False
    first: bool = False
    learn: bool = False

    @property
    def sticks(self) -> bool:
        return self.cookie or self.learn

    @property
    def path(self) -> str:
        return "/login" if self.learn else f"/{self.size}"

    def __str__(self) -> str:
        affinity = "learn" if self.learn else "cookie" if self.cookie else "rr"
        kind = "first" if self.first else "varied" if self.varied else ""
        return (
            f"{self.connections:3} conn {_SIZES[self.size]:>6} "
            f"{'keep-alive' if self.keep_alive else 'close':10} {affinity:6} {kind:6}"
        )


_SIZES = {100: "100 B", 10_000: "10 kB", 1_000_000: "1 MB"}

FIRST = [
    Case(32, 100, keep_alive=True, cookie=True, first=True),
    Case(32, 100, keep_alive=True, cookie=False, first=True, learn=True),
]
FULL = [
    Case(connections, size, keep_alive, cookie)
    for cookie in (False, True)
    for keep_alive in (True, False)
    for size in _SIZES
    for connections in (1, 32, 512)
] + [Case(32, 100, keep_alive=True, cookie=cookie, varied=True) for cookie in (False, True)]
FULL += FIRST
QUICK = [
    Case(32, 100, keep_alive=True, cookie=False),
    Case(32, 100, keep_alive=True, cookie=True),
    Case(32, 100, keep_alive=True, cookie=False, varied=True),
    Case(32, 100, keep_alive=True, cookie=True, varied=True),
    Case(32, 100, keep_alive=False, cookie=False),
    Case(32, 1_000_000, keep_alive=True, cookie=False),
]
