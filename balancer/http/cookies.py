"""Reading and cutting Cookie and Set-Cookie fields, as bytes (RFC 6265bis)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

_PORT = re.compile(rb":\d*$")
_SECONDS = re.compile(rb"-?\d+")
_LONGEST_DATE = 64
_TIME = re.compile(rb"(?<!\d)(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(rb"(?<!\d)\d{1,2}(?!\d)")
_YEAR = re.compile(rb"(?<!\d)(?:\d{4}|\d{2})(?!\d)")
_MONTHS = b"janfebmaraprmayjunjulaugsepoctnovdec"
_MONTH = re.compile(rb"(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
_FIRST_OF_1900, _EARLIEST = 70, 1601


def pairs(cookie: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Each pair of a Cookie field: name, value, and the pair as it came; nothing is decoded."""
    found = []
    for part in cookie.split(b";"):
        pair = part.strip(b" \t")
        if pair:
            name, _, value = pair.partition(b"=")
            found.append((name.strip(b" \t"), value.strip(b' \t"'), pair))
    return found


def values(cookie: bytes, name: bytes) -> list[bytes]:
    """The values of every cookie of that name, in the order sent."""
    return [value for found, value, _ in pairs(cookie) if found == name]


def without(cookie: bytes, name: bytes) -> bytes:
    """The Cookie field without that cookie, otherwise as it came."""
    return b"; ".join(pair for found, _, pair in pairs(cookie) if found != name)


def set_value(set_cookie: bytes, name: bytes) -> bytes | None:
    """The value that a Set-Cookie field gives to that name; None when it is another's."""
    pair = set_cookie.partition(b";")[0]
    found, _, value = pair.partition(b"=")
    return value.strip(b' \t"') if found.strip(b" \t") == name else None


def kept(
    set_cookies: Iterable[bytes], name: bytes, origin: tuple[bytes, bytes], now: float
) -> dict[tuple[bytes, bytes], bytes]:
    """What an answer leaves a browser of one name: for each domain and path a value, or none.

    The last of the same name, domain and path wins, and others stand beside it (RFC 6265 section
    5.3, item 11). `origin` is the Host and the path that were asked for.
    """
    left: dict[tuple[bytes, bytes], bytes] = {}
    for line in set_cookies:
        value = set_value(line, name)
        if value is not None:
            left[_place(line, origin)] = b"" if deletes(line, now) else value
    return left


def _place(set_cookie: bytes, origin: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Domain and path.

    One for the host only is another than one with its name as Domain (RFC 6265bis section 5.7).
    """
    host, asked = origin
    domain = b"only " + _PORT.sub(b"", host.lower()).rstrip(b".")
    path = b""
    for attribute in set_cookie.split(b";")[1:]:
        what, _, value = attribute.partition(b"=")
        what, value = what.strip().lower(), value.strip()
        if what == b"path":
            path = value
        elif what == b"domain" and value:
            domain = value.removeprefix(b".").lower()
    if path[:1] != b"/":  # its default, section 5.1.4
        path = asked.rpartition(b"/")[0] or b"/"
    return domain, path


def deletes(set_cookie: bytes, now: float) -> bool:
    """Whether a Set-Cookie field removes its cookie: no value, or its time is over.

    Of Max-Age and Expires the first counts, whatever their order, and of each the last that can
    be read (RFC 6265 section 5.3).
    """
    pair, _, attributes = set_cookie.partition(b";")
    if not pair.partition(b"=")[2].strip(b' \t"'):
        return True
    over = expired = None
    for attribute in attributes.lower().split(b";"):
        name, _, value = attribute.partition(b"=")
        name, value = name.strip(), value.strip()
        if name == b"max-age" and _SECONDS.fullmatch(value):
            over = value[:1] == b"-" or not value.strip(b"0")
        elif name == b"expires" and len(value) <= _LONGEST_DATE:
            until = _unix_time(value)
            expired = expired if until is None else until <= now
    return bool(expired if over is None else over)


@lru_cache(maxsize=256)
def _unix_time(date: bytes) -> float | None:
    """A cookie's date, in lower case, in any spelling that browsers take (RFC 6265, 5.1.1)."""
    time = _TIME.search(date)
    if time is None:
        return None
    rest = _TIME.sub(b" ", date, count=1)
    day, month = _DAY.search(rest), _MONTH.search(rest)
    year = _YEAR.search(rest, day.end()) if day else None
    if day is None or month is None or year is None:
        return None
    whole = int(year[0])
    if whole < 100:  # noqa: PLR2004 - two digits
        whole += 1900 if whole >= _FIRST_OF_1900 else 2000
    if whole < _EARLIEST:
        return None
    number = _MONTHS.index(month[0]) // 3 + 1
    hour, minute, second = map(int, time.groups())
    try:
        return datetime(whole, number, int(day[0]), hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
