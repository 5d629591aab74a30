"""A secret in the forms in which it may turn up where somebody has written it down.

In a URL it is percent-encoded (RFC 3986, 2.1; a form's `+` for a space), in JSON and HTML escaped,
and in a header or a token base64 (RFC 4648, 4 and 5; with and without its padding).
"""

from __future__ import annotations

import base64
import html
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus


@lru_cache(maxsize=4096)
def spellings(secret: str) -> tuple[str, ...]:
    """The secret and its other spellings, the longest first, so that no rest of one is left."""
    raw = secret.encode(errors="surrogateescape")
    plain = base64.b64encode(raw).decode()
    found = {
        secret,
        quote(raw),
        quote(raw, safe=""),
        quote_plus(raw),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        plain,
        plain.rstrip("="),
        plain.translate(_URL_SAFE),
        plain.translate(_URL_SAFE).rstrip("="),
    }
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def without(text: str, secret: str, mark: str) -> str:
    """The text with that in place of the secret, however it is written."""
    for said in spellings(secret):
        text = text.replace(said, mark)
    return text


_URL_SAFE = str.maketrans("+/", "-_")
