"""The keys that sign and verify tokens: a JWK set (RFC 7517), the first signs, all verify."""

import base64
import binascii
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sessionlab.nodes.errors import OptionError

_log = logging.getLogger("nodes")

Algorithm = Literal["HS256", "EdDSA"]

MIN_SECRET = 32
"""Bytes: RFC 7518 section 3.2 wants an HS256 key no shorter than the hash."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `signing` is None for a key that only verifies; `jwk` is its public form, if any."""

    kid: str
    signing: bytes | Ed25519PrivateKey | None
    verifying: bytes | Ed25519PublicKey
    jwk: dict[str, str] | None

    def __repr__(self) -> str:
        return f"Key({self.kid!r})"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one moment: replaced as a whole when they are read again."""

    keys: tuple[Key, ...] = ()

    @property
    def kids(self) -> list[str]:
        return [key.kid for key in self.keys]

    def find(self, kid: object) -> Key | None:
        """The key of that name: a token chooses among these, and never brings its own."""
        return next((key for key in self.keys if key.kid == kid), None)

    def public(self) -> dict[str, list[dict[str, str]]]:
        """The JWK set that anybody may read: a secret has no public form."""
        return {"keys": [key.jwk for key in self.keys if key.jwk is not None]}


class KeySource:
    """Where a node gets its keys: a file, read again on request, or none."""

    def __init__(self, ring: KeyRing, read: Callable[[], KeyRing] | None = None) -> None:
        self.ring = ring
        self._read = read

    @classmethod
    def of_file(cls, path: Path, algorithm: Algorithm) -> "KeySource":
        """Raises `OptionError` when the file is not a usable JWK set."""
        return cls(read_file(path, algorithm), lambda: read_file(path, algorithm))

    def reload(self) -> bool:
        """Read the file again; False when there is none. Raises `OptionError`, keeping the keys."""
        if self._read is None:
            return False
        self.ring = self._read()
        return True


def generate(algorithm: Algorithm) -> KeyRing:
    """One fresh key that no other node knows."""
    kid = secrets.token_urlsafe(8)
    if algorithm == "HS256":
        secret = secrets.token_bytes(MIN_SECRET)
        return KeyRing((Key(kid, secret, secret, None),))
    return KeyRing((_ed25519(kid, Ed25519PrivateKey.generate(), None),))


def read_file(path: Path, algorithm: Algorithm) -> KeyRing:
    """The keys in the file. Raises `OptionError` that names the file, the key and the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise OptionError(f"--jwt-keys {path}: cannot be read: {why}") from error
    try:
        return parse(text, algorithm)
    except OptionError as error:
        raise OptionError(f"--jwt-keys {path}: {error}") from error


def parse(text: str, algorithm: Algorithm) -> KeyRing:
    """The keys of a JWK set's text. Raises `OptionError`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError("not JSON. Give a JWK set, RFC 7517") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise OptionError('not a JWK set: give {"keys": [ … ]} with one key or more (RFC 7517)')
    keys = tuple(_usable(entries, algorithm))
    if len({key.kid for key in keys}) < len(keys):
        raise OptionError("two keys have the same kid; give each its own")
    if keys[0].signing is None:
        raise OptionError(
            f"the first key ({keys[0].kid!r}) signs, so it needs its private part, d, and sign in"
            " its key_ops if it has them"
        )
    return KeyRing(keys)


def _usable(entries: list[Any], algorithm: Algorithm) -> Iterator[Key]:
    """The keys that are for this; those of other types and uses may stand among them.

    Such a key is passed over with a warning, as RFC 7517 section 5 wants; one that is for this and
    is wrong is an error, for this file was made for the node.
    """
    foreign = []
    for number, entry in enumerate(entries, 1):
        where = f"key {number}"
        if not isinstance(entry, dict):
            raise OptionError(f"{where} is not an object")
        if isinstance(kid := entry.get("kid"), str):
            where += f" ({kid!r})"
        if why := _foreign(entry, algorithm):
            foreign.append(f"{where} {why}")
            continue
        if not isinstance(kid, str) or not kid:
            raise OptionError(f'{where} has no "kid"; tokens name their key by it')
        yield _KINDS[algorithm](kid, entry, where)
    if len(foreign) == len(entries):
        raise OptionError("; ".join(foreign))
    for said in foreign:
        _log.warning("--jwt-keys: %s, and is passed over", said)


def _foreign(entry: dict[str, Any], algorithm: Algorithm) -> str | None:
    """Why a key is not for this, though it may be a good one."""
    wanted = _TYPES[algorithm]
    if any(entry.get(member) != value for member, value in wanted.items()):
        found = ", ".join(f"{member} {entry.get(member)!r}" for member in wanted)
        return f"has {found}; {algorithm} needs " + ", ".join(
            f'{m} "{v}"' for m, v in wanted.items()
        )
    if entry.get("use", "sig") != "sig":
        return f'is not for signatures: its "use" is {entry["use"]!r}'
    if entry.get("alg", algorithm) != algorithm:
        return f"is for {entry['alg']!r}, and --jwt-algorithm is {algorithm}"
    operations = entry.get("key_ops", _ALL)
    enough = ("verify", "sign") if "d" in entry else ("verify",)
    if not isinstance(operations, list) or not any(each in operations for each in enough):
        return f'is not for verifying: its "key_ops" are {operations!r}'
    return None


def _signs(entry: dict[str, Any]) -> bool:
    """Whether a key may sign (RFC 7517 section 4.3)."""
    return "sign" in entry.get("key_ops", _ALL)


def _symmetric(kid: str, entry: dict[str, Any], where: str) -> Key:
    secret = _bytes(entry, "k", where)
    if len(secret) < MIN_SECRET:
        raise OptionError(
            f"{where} has a secret of {len(secret)} bytes; HS256 needs {MIN_SECRET} or more"
            " (RFC 7518 section 3.2)"
        )
    return Key(kid, secret if _signs(entry) else None, secret, None)


def _asymmetric(kid: str, entry: dict[str, Any], where: str) -> Key:
    try:
        public = Ed25519PublicKey.from_public_bytes(_bytes(entry, "x", where))
        private = (
            Ed25519PrivateKey.from_private_bytes(_bytes(entry, "d", where))
            if "d" in entry
            else None
        )
    except ValueError as error:
        raise OptionError(f'{where}: "x" and "d" must be 32 bytes each') from error
    if private is not None and private.public_key() != public:
        raise OptionError(f'{where}: "x" is not the public key of "d"')
    return _ed25519(kid, private if _signs(entry) else None, public)


_TYPES: dict[Algorithm, dict[str, str]] = {
    "HS256": {"kty": "oct"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
_ALL = ["sign", "verify"]
_KINDS: dict[Algorithm, Callable[[str, dict[str, Any], str], Key]] = {
    "HS256": _symmetric,
    "EdDSA": _asymmetric,
}


def _ed25519(kid: str, private: Ed25519PrivateKey | None, public: Ed25519PublicKey | None) -> Key:
    if public is None:
        assert private is not None  # noqa: S101 - one of the two is always given
        public = private.public_key()
    x = base64.urlsafe_b64encode(public.public_bytes_raw()).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA", "x": x}
    return Key(kid, private, public, jwk)


def _bytes(entry: dict[str, Any], member: str, where: str) -> bytes:
    value = entry.get(member)
    if not isinstance(value, str):
        raise OptionError(f'{where} has no "{member}"')
    try:
        return base64.b64decode(
            value.encode() + b"=" * (-len(value) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError) as error:
        raise OptionError(f'{where}: "{member}" is not base64url') from error
