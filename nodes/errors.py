"""Everything that a node refuses: before it starts (exit status) and while it serves (problem).

NodeError
├── OptionError        exit status 2: an option, or a file that one names, is wrong
├── ListenError        exit status 3: the address cannot be listened on
└── Problem            an HTTP answer, RFC 9457
    ├── Refused        401: the credential does not identify a user, and why
    ├── Malformed      400: the request cannot be understood
    └── Unavailable    503: something the node needs does not answer; try again
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar


class NodeError(Exception):
    """What a node refuses; the message is one line for a person."""

    exit_status: ClassVar[int] = 1


class OptionError(NodeError):
    """An option has a value that the node cannot work with."""

    exit_status: ClassVar[int] = 2


class ListenError(NodeError):
    """The node cannot listen where it was told to."""

    exit_status: ClassVar[int] = 3


class Problem(NodeError):
    """An answer that is a problem document: status, a stable code for machines, detail in words."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers)


class Reason(StrEnum):
    """Why a credential was refused: the value is the problem's `code` and a label in the metrics.

    The words never tell which part of a guess was right; whoever holds a real token could read the
    same in it, and an opaque id tells nothing either way.
    """

    NO_CREDENTIAL = "no-credential"
    AMBIGUOUS = "credential-ambiguous"
    MALFORMED = "credential-malformed"
    SESSION_UNKNOWN = "session-unknown"
    SESSION_EXPIRED = "session-expired"
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - a code, not a secret
    TOKEN_EARLY = "token-not-yet-valid"  # noqa: S105
    SIGNATURE = "signature-invalid"
    ALGORITHM = "algorithm-not-allowed"
    KEY = "key-unknown"
    AUDIENCE = "audience-wrong"
    ISSUER = "issuer-wrong"
    TYPE = "type-wrong"
    CLAIM = "claim-invalid"
    PASSWORD = "password-wrong"  # noqa: S105

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Reason.NO_CREDENTIAL: "no credential",
    Reason.AMBIGUOUS: "more than one credential, and they differ",
    Reason.MALFORMED: "malformed credential",
    Reason.SESSION_UNKNOWN: "session unknown here",
    Reason.SESSION_EXPIRED: "session expired",
    Reason.TOKEN_EXPIRED: "token expired",
    Reason.TOKEN_EARLY: "token not yet valid",
    Reason.SIGNATURE: "signature does not verify",
    Reason.ALGORITHM: "algorithm not allowed",
    Reason.KEY: "signed by a key that is unknown here",
    Reason.AUDIENCE: "wrong audience",
    Reason.ISSUER: "wrong issuer",
    Reason.TYPE: "wrong type of token",
    Reason.CLAIM: "a required claim is missing or malformed",
    Reason.PASSWORD: "wrong user name or password",
}


class Refused(Problem):
    """401: nobody is recognised. The challenge (RFC 9110 section 11.6.1) is the transport's."""

    def __init__(self, reason: Reason, *, withdraw: bool = False) -> None:
        """`withdraw`: the client is told to forget its credential, too."""
        super().__init__(401, reason.value, reason.words)
        self.reason = reason
        self.withdraw = withdraw


class Malformed(Problem):
    """400: the request cannot be understood, and saying it again won't help."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(400, code, detail)


class Unavailable(Problem):
    """503 with Retry-After: what the node needs does not answer; the credential may be good."""

    def __init__(self, code: str, detail: str, retry_after: int = 1) -> None:
        super().__init__(503, code, detail, {"Retry-After": str(retry_after)})
