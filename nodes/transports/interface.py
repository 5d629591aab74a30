"""What every transport is: pure functions from headers to a credential and back."""

from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDictProxy

from sessionlab.nodes.errors import Refused

MAX_BYTES = 4096
"""What a credential may take. Browsers drop a cookie whose name and value take more, without a
word (RFC 6265bis section 5.6), and proxies' header buffers are not much larger; a node says so."""

REALM = "sessionlab"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What hands a credential to the client: header fields and members of the answer's JSON."""

    headers: dict[str, str] = field(default_factory=dict)
    members: dict[str, str | int] = field(default_factory=dict)


class Transport(Protocol):
    """How a credential travels."""

    def read(self, headers: CIMultiDictProxy[str]) -> str | None:
        """The credential that a request presents, if any. Raises `Problem` if ambiguous."""

    def every(self, headers: CIMultiDictProxy[str]) -> list[str]:
        """All credentials that a request presents, be they told apart or not. Raises `Malformed`.

        A logout ends them all: whichever is the user's own must not live on.
        """

    def deliver(self, credential: str, expires_in: int, *, secure: bool) -> Delivery:
        """Raises `Problem` (409) when the credential takes more than `MAX_BYTES`."""

    def withdraw(self, *, secure: bool) -> Delivery:
        """What tells the client to forget its credential."""

    def challenge(self, refused: Refused) -> str:
        """The value of WWW-Authenticate, which every 401 must carry (RFC 9110 section 15.5.2)."""
