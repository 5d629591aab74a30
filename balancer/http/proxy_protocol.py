"""The PROXY protocol, versions 1 and 2: the first bytes of a connection say who the client is.

HAProxy's doc/proxy-protocol.txt. A listener either expects it on every connection or on none;
guessing would let clients choose their address.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from sessionlab.balancer.errors import RefusedError

_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_V2_HEAD = struct.Struct(">12sBBH")
_MOST_V1 = 107  # with its CRLF
_MOST_V2 = 16 + 2048
_V1_FIELDS = re.compile(
    rb"PROXY TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})"
)
"""No scope id (`%`), in which `ip_address` takes any character, a line feed too."""
_MOST_PORT = 65535
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}  # TCP over IPv4, over IPv6


@dataclass(frozen=True, slots=True)
class Header:
    """Who the client is (empty: the sender itself, as in its health checks), and the length."""

    source: str
    length: int


def parse(data: bytes) -> Header | None:
    """The header at the beginning of `data`; None when more has to arrive.

    Raises `RefusedError` when that is no such header.
    """
    if data.startswith(_V2[: len(data)]):
        return _parse_v2(data)
    if data.startswith(b"PROXY "[: len(data)]):
        return _parse_v1(data)
    raise RefusedError(400, "no PROXY protocol header")


def _parse_v1(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, _MOST_V1)
    if end < 0:
        if len(data) >= _MOST_V1:
            raise RefusedError(400, "PROXY protocol header too long")
        return None
    line = data[:end]
    if line.split(b" ")[1] == b"UNKNOWN":
        return Header("", end + 2)
    match = _V1_FIELDS.fullmatch(line)
    if match is None:
        raise RefusedError(400, "malformed PROXY protocol header")
    try:
        source, destination = (ip_address(match[n].decode("ascii")) for n in (2, 3))
    except ValueError:
        raise RefusedError(400, "malformed PROXY protocol header") from None
    if {source.version, destination.version} != {int(match[1])} or any(
        int(match[n]) > _MOST_PORT for n in (4, 5)
    ):
        raise RefusedError(400, "malformed PROXY protocol header")
    return Header(str(source), end + 2)


def _parse_v2(data: bytes) -> Header | None:
    if len(data) < _V2_HEAD.size:
        return None
    _, command, family, size = _V2_HEAD.unpack_from(data)
    if command not in {_LOCAL, _PROXY} or _V2_HEAD.size + size > _MOST_V2:
        raise RefusedError(400, "malformed PROXY protocol header")
    length = _V2_HEAD.size + size
    if len(data) < length:
        return None
    width = _ADDRESS_BYTES.get(family)
    if command == _LOCAL or width is None:
        return Header("", length)
    if size < 2 * width + 4:
        raise RefusedError(400, "malformed PROXY protocol header")
    return Header(str(ip_address(data[_V2_HEAD.size : _V2_HEAD.size + width])), length)
