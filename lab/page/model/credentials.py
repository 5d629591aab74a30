"""A credential looked into: a reference means nothing but to a store, a value can be read."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from sessionlab.lab.page.model.visitors import Answer


class Held(Struct, frozen=True):
    """What one node says of it when it is asked directly; `how` as an answer's."""

    node: str
    knows: bool | None
    user: str
    items: list[str]
    status: int | None
    how: str
    reason: str


class Stored(Struct, frozen=True):
    """What Redis holds for it: fields in words, `ttl` seconds until it forgets them."""

    key: str
    fields: dict[str, str]
    ttl: float | None


class Jwt(Struct, frozen=True):
    """Its parts, decoded; `verified` null: nobody here has the key. `why` in words.

    `raw` are the three parts as they travel.
    """

    raw: list[str]
    header: dict[str, Any]
    claims: dict[str, Any]
    verified: bool | None
    why: str
    expires_in: float | None


class Looked(Struct, frozen=True):
    """`GET /tabs/ID/credential?cluster=a`: the credential of a tab, whole, for who holds it.

    `where` says how it travels (`cookie sid`), `says` in plain words what it is.
    """

    kind: Literal["session-id", "jwt", "other", "none"]
    where: str
    value: str
    says: str
    held: list[Held]
    stored: Stored | None = None
    jwt: Jwt | None = None


class Forgery(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /tabs/ID/forgery`: present something else in its place, once.

    Either `value`, as it is; or the JWT's `claims` (and `header`) changed, and signed how: `keep`
    the old signature, `none` (alg none), `own-key` (a key that no node has).
    """

    cluster: str = "a"
    value: str | None = None
    claims: dict[str, Any] | None = None
    header: dict[str, Any] | None = None
    sign: Literal["keep", "none", "own-key"] = "keep"


class Forged(Struct, frozen=True):
    """What was presented, and what came of it; `why` says in plain words why it was refused."""

    value: str
    answer: Answer
    why: str
