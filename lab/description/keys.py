"""The keys that a cluster's nodes sign with: a JWK set (RFC 7517) in a file they all read."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key: its id (`kid`, public) and the JWK that holds the secret."""

    kid: str
    jwk: dict[str, str]


def new_key(algorithm: str = "HS256") -> Key:
    """A fresh key for HS256 (32 random bytes, RFC 7518 3.2) or EdDSA (Ed25519, RFC 8037)."""
    kid = secrets.token_hex(4)
    named = {"kid": kid, "alg": algorithm, "use": "sig"}
    if algorithm == "HS256":
        return Key(kid, {"kty": "oct", "k": _base64url(secrets.token_bytes(32)), **named})
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes_raw()
    public = private.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    okp = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public), "d": _base64url(secret)}
    return Key(kid, {**okp, **named})


def key_set(keys: list[Key]) -> str:
    """The file's content: the first key signs, all of them verify."""
    return json.dumps({"keys": [key.jwk for key in keys]})


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
