"""What a hashing algorithm hashes: the client's address, a header, a cookie, the path or a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.config.parsing import parse_parameter, parse_token
from sessionlab.balancer.errors import UsageError
from sessionlab.balancer.http import cookies

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.http.request_head import Request

    KeyReader = Callable[[Request, bytes], bytes]


def reader(text: str) -> KeyReader:
    """`source`, `path`, `header:NAME`, `cookie:NAME` or `query:NAME`; raises `UsageError`."""
    kind, _, name = text.partition(":")
    if kind == "source" and not name:
        return lambda _, source: source
    if kind == "path" and not name:
        return lambda request, _: request.path
    if kind == "header" and name:
        return _header(parse_token(name, f"hash key {text!r}").lower().encode())
    if kind == "cookie" and name:
        return _cookie(parse_token(name, f"hash key {text!r}").encode())
    if kind == "query" and name:
        parameter = parse_parameter(name, f"hash key {text!r}").encode()
        return lambda request, source: request.parameter(parameter) or source
    known = "source, path, header:NAME, cookie:NAME or query:NAME"
    raise UsageError(f"hash key {text!r}: it is {known}")


def _header(name: bytes) -> KeyReader:
    def read(request: Request, source: bytes) -> bytes:
        if name == b"host":
            return request.fields.host
        return request.value(name) or source

    return read


def _cookie(name: bytes) -> KeyReader:
    def read(request: Request, source: bytes) -> bytes:
        values = cookies.values(request.fields.cookie, name)
        return values[0] if values else source

    return read
