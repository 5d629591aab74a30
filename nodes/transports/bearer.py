"""The credential as `Authorization: Bearer` (RFC 6750); the answer's JSON hands it over."""

from multidict import CIMultiDictProxy

from sessionlab.nodes.errors import Malformed, Problem, Reason, Refused
from sessionlab.nodes.transports.interface import MAX_BYTES, REALM, Delivery


class BearerTransport:
    """A token that the client keeps and sends itself; the only place where it is looked for."""

    def read(self, headers: CIMultiDictProxy[str]) -> str | None:
        fields = headers.getall("Authorization", ())
        if len(fields) > 1:
            # RFC 6750 section 3.1, invalid_request: the answer is 400.
            raise Malformed(Reason.AMBIGUOUS.value, Reason.AMBIGUOUS.words)
        if not fields:
            return None
        # The scheme's name is case-insensitive (RFC 9110 section 11.1); other schemes are not ours.
        scheme, _, token = fields[0].strip().partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def every(self, headers: CIMultiDictProxy[str]) -> list[str]:
        token = self.read(headers)
        return [token] if token is not None else []

    def deliver(self, credential: str, expires_in: int, *, secure: bool) -> Delivery:  # noqa: ARG002 - the client decides where it sends a token
        if len(credential) > MAX_BYTES:
            raise Problem(
                409,
                "token-too-large",
                f"the token would take {len(credential)} bytes on every request, and at most"
                f" {MAX_BYTES} are issued; nothing was changed",
            )
        return Delivery(
            members={
                "access_token": credential,
                "token_type": "Bearer",
                "expires_in": expires_in,
            }
        )

    def withdraw(self, *, secure: bool) -> Delivery:  # noqa: ARG002 - there is nothing to take back
        return Delivery()

    def challenge(self, refused: Refused) -> str:
        """RFC 6750 section 3.1: no error is named when no credential came, or for a login."""
        challenge = f'Bearer realm="{REALM}"'
        if refused.reason in (Reason.NO_CREDENTIAL, Reason.PASSWORD):
            return challenge
        return f'{challenge}, error="invalid_token", error_description="{refused.detail}"'
