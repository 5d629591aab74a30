"""What one listener hears of many requests: some of them, and how many there were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.page.model.visitors import Rate, Request


class Sampled:
    """At most `most` requests a second, evenly; None is all. One for each listener."""

    def __init__(self, most: int | None = None) -> None:
        raise NotImplementedError

    def of(self, requests: Sequence[Request], now: float) -> list[Request | Rate]:
        """Those to send now, of what came since the last time; a `Rate` for each second that ends.

        To be called at each look, also without requests. `now` is in seconds since the run began.
        """
        raise NotImplementedError
