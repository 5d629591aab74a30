"""Requests as lines that a person reads while they come; too many in a second are counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.bench.requests import Request

MOST = 20  # lines in a second
NAME, PATH, REASON = 16, 24, 40  # characters of what others have written


class Lines:
    """Makes lines of requests, `MOST` in a second; how many more there were is one line then."""

    def __init__(self) -> None:
        self._began = 0.0
        self._shown = 0
        self._more: Counter[str] = Counter()

    def of(self, requests: Iterable[tuple[float, Request]], now: float) -> Iterator[Text]:
        """Lines for these, each with its time in the run, and for the second that is over."""
        if now - self._began >= 1:
            if self._more:
                kinds = sorted(self._more, reverse=True)  # ✓ first
                counts = " ".join(f"{self._more[kind]} {kind}" for kind in kinds)
                more = f"… {self._more.total()} more in the last second: {counts}"
                yield Text(f"{'':11}{more}", "dim")
            self._began, self._shown, self._more = now, 0, Counter()
        for at, request in requests:
            self._shown += 1
            if self._shown <= MOST:
                yield Text(f"{at:7.1f} s  {told(request)}", _style(request))
            else:
                self._more["✓" if request.is_good else str(request.status)] += 1


def told(request: Request) -> str:
    """`alice   GET /me → n2 401 session unknown here`."""
    who, method = (safe(text, NAME) or "?" for text in (request.user, request.method))
    status = "–" if request.cut else str(request.status)
    why = safe(request.reason.partition(";")[0], REASON)  # the balancer names every node after it
    status += ", but" if request.is_good and why else ""
    answered = f"{request.node or 'the balancer'} {status} {why}".rstrip()
    does = f" ({request.does})" if request.does else ""
    return f"{who:<7} {method} {safe(request.path, PATH)}{does} → {answered}"


def safe(text: str, most: int) -> str:
    """What a stranger has typed, without what would move a terminal's cursor or hide a letter."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:most])
    return shown[: most - 1] + "…" if max(len(text), len(shown)) > most else shown


def _style(request: Request) -> str:
    if request.is_good:
        return "yellow" if request.reason else "green"
    return "yellow" if request.status < 500 and not request.cut else "red"  # noqa: PLR2004
