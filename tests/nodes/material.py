"""Keys for the tests of tokens."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def oct_key(kid: str = "k1", size: int = 32, **more: object) -> dict[str, object]:
    return {"kty": "oct", "kid": kid, "k": b64(secrets.token_bytes(size)), **more}


def okp_key(kid: str = "k1", **more: object) -> dict[str, object]:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": kid,
        "x": b64(public),
        "d": b64(private.private_bytes_raw()),
        **more,
    }


def jwk_set(*keys: dict[str, object]) -> str:
    return json.dumps({"keys": keys})
