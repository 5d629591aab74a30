"""The rows of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row. With `varied` heads no two requests are alike, as those of browsers are not."""

    connections: int
    size: int
    keep_alive: bool
    cookie: bool
    varied: bool = False

    def __str__(self) -> str:
        return (
            f"{self.connections:3} conn {_SIZES[self.size]:>6} "
            f"{'keep-alive' if self.keep_alive else 'close':10} "
            f"{'cookie' if self.cookie else 'rr':6}{' varied' if self.varied else '       '}"
        )


_SIZES = {100: "100 B", 10_000: "10 kB", 1_000_000: "1 MB"}

FULL = [
    Case(connections, size, keep_alive, cookie)
    for cookie in (False, True)
    for keep_alive in (True, False)
    for size in _SIZES
    for connections in (1, 32, 512)
] + [Case(32, 100, keep_alive=True, cookie=cookie, varied=True) for cookie in (False, True)]
QUICK = [
    Case(32, 100, keep_alive=True, cookie=False),
    Case(32, 100, keep_alive=True, cookie=True),
    Case(32, 100, keep_alive=True, cookie=False, varied=True),
    Case(32, 100, keep_alive=True, cookie=True, varied=True),
    Case(32, 100, keep_alive=False, cookie=False),
    Case(32, 1_000_000, keep_alive=True, cookie=False),
]
