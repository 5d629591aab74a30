"""Requests as bytes (RFC 9112, 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yarl import URL

AGENT = "sessionlab"
_BODILESS = ("GET", "HEAD", "OPTIONS", "TRACE")


def rendered(
    method: str, url: URL, headers: Sequence[tuple[str, str]], body: bytes, kind: str = ""
) -> bytes:
    """A whole request, as aiohttp has it; `kind` is the Content-Type unless `headers` say another.

    Raises ValueError for a header that would not stay in its line.
    """
    usual = {"Host": _host(url), "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    usual["User-Agent"] = AGENT
    if body or method not in _BODILESS:
        usual["Content-Length"] = str(len(body))
        usual["Content-Type"] = kind or "application/octet-stream"
    said = {name.lower() for name, _ in headers}
    whole = [(name, value) for name, value in usual.items() if name.lower() not in said]
    lines = [f"{name}: {value}" for name, value in (*whole, *headers)]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a header of several lines")
    head = "\r\n".join([f"{method} {url.raw_path_qs} HTTP/1.1", *lines, "", ""])
    return head.encode() + body


def _host(url: URL) -> str:
    host = url.raw_host or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.is_default_port() else f"{host}:{url.port}"
