"""What a client may send: JSON, or a form of our page, small, in UTF-8, with what is needed."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from sessionlab.nodes.errors import Malformed, Problem
from sessionlab.nodes.web.node import NODE

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

MAX_NAME = 128
MAX_PASSWORD = 1024
MAX_ITEM = 256
"""Characters. A password is hashed however long it is, so its length is a cost (OWASP ASVS)."""

_MOST_FIELDS = 10
_SLOWEST = 10.0
"""Seconds that a client may take to send a body of a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who wants to log in. The password stays out of every `repr`."""

    username: str
    password: str = field(repr=False)


async def read_credentials(request: web.Request) -> Credentials:
    """The body of a login. Raises `Problem` (400, 408, 413 or 415)."""
    return credentials_in(await read_object(request))


def credentials_in(document: Mapping[str, Any]) -> Credentials:
    """Raises `Malformed` without a name and a password that can be one."""
    return Credentials(
        username=_text(document, "username", MAX_NAME),
        password=_text(document, "password", MAX_PASSWORD),
    )


async def read_item(request: web.Request) -> str:
    """The body of a change to the cart. Raises `Problem` (400, 408, 413 or 415)."""
    return item_in(await read_object(request))


def item_in(document: Mapping[str, Any]) -> str:
    """Raises `Malformed` without an item that can be one."""
    return _text(document, "item", MAX_ITEM)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body. Raises `Problem` (400, 408, 413 or 415)."""
    check_media_type(request)
    return parse_object(await _read(request))


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form, each once. Raises `Problem` (400, 408, 413 or 415)."""
    check_media_type(request, FORM)
    return parse_form(await _read(request))


def check_media_type(request: web.Request, wanted: str = JSON) -> None:
    """Only `application/json`, which a form on somebody else's page cannot send unasked.

    Or only a form, where it is asked for one. Raises `Problem` (415).
    """
    if request.content_type != wanted:
        raise _unsupported(f"send {wanted}, not {request.content_type}")
    if (request.charset or "utf-8").lower() != "utf-8":
        raise _unsupported("it is sent in UTF-8 (for JSON RFC 8259 section 8.1)")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unsupported("send the body as it is, without Content-Encoding")


def parse_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises `Malformed`."""
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Malformed("body-not-utf8", "the body is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Malformed("body-not-json", "the body is not JSON") from error
    if not isinstance(document, dict):
        raise Malformed("body-not-object", "the body is not a JSON object")
    return document


def parse_form(body: bytes) -> dict[str, str]:
    """`application/x-www-form-urlencoded` (WHATWG URL section 5). Raises `Malformed`."""
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise Malformed("body-not-form", "the body is not a form of a few fields") from error
    if len(found := dict(fields)) < len(fields):
        raise Malformed("body-not-form", "a field of the form comes twice")
    return found


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > request.app[NODE].max_body:
        raise _too_large(request)
    try:
        async with asyncio.timeout(_SLOWEST):
            return await request.read()
    except TimeoutError as error:
        raise Problem(408, "body-too-slow", "the body did not come in time") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large(request) from error
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError, EOFError) as error:
        # The client broke its own framing, or went away: nobody may be there to read this.
        raise Malformed("body-incomplete", "the body is malformed or ended too soon") from error


def _text(document: Mapping[str, Any], member: str, longest: int) -> str:
    value = document.get(member)
    if not isinstance(value, str):
        raise Malformed("member-missing", f'"{member}" must be a string')
    if not 1 <= len(value) <= longest:
        raise Malformed("member-length", f'"{member}" must have 1 to {longest} characters')
    # JSON can name half of a surrogate pair (RFC 8259 section 8.2), which no encoding can store.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Malformed("member-not-unicode", f'"{member}" is not Unicode text')
    return value


def _too_large(request: web.Request) -> Problem:
    most = request.app[NODE].max_body
    return Problem(413, "body-too-large", f"the body may have at most {most} bytes")


def _unsupported(detail: str) -> Problem:
    return Problem(415, "media-type-unsupported", detail)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
