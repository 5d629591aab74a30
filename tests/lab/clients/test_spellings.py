"""A secret is found however it is written."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from sessionlab.lab.clients.spellings import without

SECRET = 's3cr/t +Wörd"&<x'
RAW = SECRET.encode()


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps({"p": SECRET}),
        json.dumps({"p": SECRET}, ensure_ascii=False),
        html.escape(SECRET),
        base64.b64encode(RAW).decode(),
        base64.urlsafe_b64encode(RAW).decode().rstrip("="),
    ],
)
def test_nothing_of_it_is_left(written: str) -> None:
    left = without(f"GET /login?p={written}&x=1", SECRET, "…")
    assert "…" in left
    assert not any(piece in left for piece in ("s3cr", "rd", quote("ö"), "czNj"))
