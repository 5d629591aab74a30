"""`--on-store-down logout`, the wrong way round: a store that cannot be reached knows nobody.

The user is told 401 and the browser to forget its cookie, though the session is alive in the store.
When the store is back it still is, and nobody has its id any more: the logout outlives the outage
(sourcegraph/sourcegraph#37016). It is here to be seen, not to be used.
"""

from dataclasses import dataclass

from sessionlab.nodes.errors import Reason, Refused, Unavailable
from sessionlab.nodes.strategies.interface import Session
from sessionlab.nodes.strategies.wrapper import Wrapper


@dataclass(frozen=True, slots=True)
class LogoutWhenDown(Wrapper):
    """Any strategy with a store, logging users out when it cannot tell who they are."""

    async def open(self, credential: str) -> Session:
        try:
            return await self.inner.open(credential)
        except Unavailable as problem:
            raise Refused(Reason.SESSION_UNKNOWN, withdraw=True) from problem
