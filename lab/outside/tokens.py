"""The JWTs that a client holds: how they are signed, how long they last, what they are about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt

from sessionlab.lab.description.tokens import read_token
from sessionlab.lab.outside.seen import Token

if TYPE_CHECKING:
    from collections.abc import Iterable


def tokens_of(held: Iterable[tuple[str, str]]) -> list[Token]:
    """Of what a client holds, each value with where it is; raises nothing for what is no JWT."""
    return [found for where, value in held if (found := _token(where, value))]


def _token(where: str, value: str) -> Token | None:
    value = value.removeprefix("Bearer ")
    claims = read_token(value)
    if not claims:
        return None
    algorithm = str(jwt.get_unverified_header(value).get("alg", "none"))
    end, begin = claims.get("exp"), claims.get("iat", time.time())
    known = isinstance(end, (int, float)) and isinstance(begin, (int, float))
    return Token(where, algorithm, end - begin if known else None, sorted(claims))
