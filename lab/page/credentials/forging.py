"""A forgery presented in the place of a tab's credential, once, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.page.model.credentials import Forged, Forgery


class ForgeryError(UsageError):
    """A field of the forgery is wrong: `field` says which."""

    def __init__(self, message: str, hint: str = "", *, field: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


async def forged(cluster: Cluster, client: Client, forgery: Forgery, tab: str, at: float) -> Forged:
    """Asks who that is, through the balancer; the tab itself goes on with what it holds.

    `at` is now, in seconds since the run began. Raises `ForgeryError`, and StepError where nothing
    is held that could be forged.
    """
    raise NotImplementedError
