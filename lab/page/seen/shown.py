"""A request as it was read in the logs becomes the event that the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.bench.requests import Request as Read
    from sessionlab.lab.page.model.visitors import Request
    from sessionlab.lab.page.seen.sendings import Sendings


def shown(read: Read, at: float, cluster: str, sendings: Sendings) -> Request:
    """`at` is in seconds since the run began, `cluster` its id on the page."""
    raise NotImplementedError
