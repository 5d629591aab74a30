"""Signed access tokens: JWT in the profile of RFC 9068, with the precautions of RFC 8725.

What the token says of itself decides nothing but which of the configured keys is tried: the
algorithm is configuration (RFC 8725 section 3.1), `jku`, `jwk`, `x5u` and `x5c` are never looked at
(section 3.10), and `crit` is refused, for no extension is understood (RFC 7515 section 4.1.11).
"""

import math
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any

import jwt

from sessionlab.nodes.errors import Reason, Refused
from sessionlab.nodes.tokens.clock import Clock
from sessionlab.nodes.tokens.keys import Algorithm, Key, KeySource

TYPE = "at+jwt"
"""Explicit typing (RFC 8725 section 3.11), by the name that RFC 9068 section 2.1 gives."""

CLIENT = "sessionlab"
"""`client_id` is required by RFC 9068 section 2.2; the node's own login is the only client."""

_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]
# Three base64url parts without padding (RFC 7515 section 7.1), the last empty for `alg: none`. The
# bits that a part's last character has to spare are zero (RFC 4648 section 3.5), which PyJWT 2.10
# does not look at: a token has one spelling.
_PART = r"(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?"
_COMPACT = re.compile(rf"(?=[^.]){_PART}\.{_PART}\.{_PART}", re.ASCII)

# PyJWT up to 2.14 lets JSON that is nested deeper than Python reads end in Python's own error.
_UNREADABLE = (jwt.PyJWTError, RecursionError)
_REASONS: dict[type[Exception], Reason] = {
    jwt.InvalidSignatureError: Reason.SIGNATURE,
    jwt.InvalidAudienceError: Reason.AUDIENCE,
    jwt.InvalidIssuerError: Reason.ISSUER,
    jwt.MissingRequiredClaimError: Reason.CLAIM,
    jwt.exceptions.InvalidSubjectError: Reason.CLAIM,
    jwt.exceptions.InvalidJTIError: Reason.CLAIM,
    jwt.InvalidAlgorithmError: Reason.ALGORITHM,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: who, until when (seconds since 1970), and the cart it carries."""

    user: str
    expires: float
    cart: tuple[str, ...] = ()

    def with_item(self, item: str) -> "Claims":
        return replace(self, cart=(*self.cart, item))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and checks tokens. Lifetime and leeway are seconds."""

    keys: KeySource
    clock: Clock
    algorithm: Algorithm
    issuer: str
    audience: str
    lifetime: float
    leeway: float

    def fresh(self, user: str) -> Claims:
        """Claims for somebody who just logged in."""
        return Claims(user, math.floor(self.clock()) + self.lifetime)

    def left(self, claims: Claims) -> int:
        """Whole seconds until the claims expire."""
        return max(0, math.floor(claims.expires - self.clock()))

    def sign(self, claims: Claims) -> str:
        """A token for the claims, by the first key."""
        key = self.keys.ring.keys[0]
        payload: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": claims.user,
            "client_id": CLIENT,
            "iat": math.floor(self.clock()),
            "exp": claims.expires,
            "jti": secrets.token_urlsafe(16),
        }
        if claims.cart:
            payload["cart"] = list(claims.cart)
        assert key.signing is not None  # noqa: S101 - the key ring's own promise for its first key
        return jwt.encode(payload, key.signing, self.algorithm, {"typ": TYPE, "kid": key.kid})

    def verify(self, token: str) -> Claims:
        """What the token says, if it is to be believed. Raises `Refused` with the reason."""
        if _COMPACT.fullmatch(token) is None:
            raise Refused(Reason.MALFORMED)
        key = self._key(_header(token))
        payload = self._payload(token, key)
        self._check_times(payload)
        return _claims(payload)

    def _key(self, header: dict[str, Any]) -> Key:
        if header.get("alg") != self.algorithm:
            raise Refused(Reason.ALGORITHM)
        if "crit" in header:
            raise Refused(Reason.MALFORMED)
        key = self.keys.ring.find(header.get("kid"))
        if key is None:
            raise Refused(Reason.KEY)
        if _media_type(header.get("typ")) != TYPE:
            raise Refused(Reason.TYPE)
        return key

    def _payload(self, token: str, key: Key) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.verifying,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # PyJWT reads the system's clock; `_check_times` reads ours.
                options={
                    "require": _REQUIRED,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except _UNREADABLE as error:
            raise Refused(_REASONS.get(type(error), Reason.MALFORMED)) from error

    def _check_times(self, payload: dict[str, Any]) -> None:
        now = self.clock()
        starts = [_date(payload, claim) for claim in ("iat", "nbf") if claim in payload]
        if now >= _date(payload, "exp") + self.leeway:
            raise Refused(Reason.TOKEN_EXPIRED)
        if any(now < start - self.leeway for start in starts):
            raise Refused(Reason.TOKEN_EARLY)


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except _UNREADABLE as error:
        raise Refused(Reason.MALFORMED) from error


def _media_type(typ: object) -> str | None:
    """RFC 7515 section 4.1.9: case does not matter, and `application/` may be left out."""
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def _date(payload: dict[str, Any], claim: str) -> float:
    """A NumericDate (RFC 7519 section 2): a number, which `true`, `"1"` and Infinity are not."""
    value = payload[claim]
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise Refused(Reason.CLAIM)
    return int(value) if value == int(value) else value  # signed anew it is the same


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # JSON's integers have no end, and floats do
        return False


def _claims(payload: dict[str, Any]) -> Claims:
    cart = payload.get("cart", [])
    if not isinstance(cart, list) or not all(isinstance(item, str) for item in cart):
        raise Refused(Reason.CLAIM)
    return Claims(payload["sub"], _date(payload, "exp"), tuple(cart))
