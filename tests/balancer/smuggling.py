# ruff: noqa: E501 - a table reads best with one row a line
"""Requests that hide another, and answers that do: what one reader takes for a body, one for more.

Each hides `/hidden`, behind one framing or the other. Whatever we make of it, no backend may see
a request for `/hidden`, and no client an answer that it did not ask for.
"""

from __future__ import annotations

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
_START = b"POST /front HTTP/1.1\r\nHost: a\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_LONG = b"Content-Length: %d\r\n"
_ENDED = b"0\r\n\r\n" + HIDDEN
_IN_CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)

CODINGS = {
    "another case": b"Transfer-Encoding: chunKed",
    "a list": b"Transfer-Encoding: identity, chunked",
    "a list that begins with it": b"Transfer-Encoding: chunked, identity",
    "an empty element": b"Transfer-Encoding: , chunked",
    "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "two that differ": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "a wrong one first": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "a space before the colon": b"Transfer-Encoding : chunked",
    "a tab before the colon": b"Transfer-Encoding\t: chunked",
    "a tab behind the colon": b"Transfer-Encoding:\tchunked",
    "a vertical tab": b"Transfer-Encoding:\x0bchunked",
    "a form feed": b"Transfer-Encoding:\x0cchunked",
    "a NUL": b"Transfer-Encoding: chunked\x00",
    "a NUL in the name": b"Transfer-Encoding\x00: chunked",
    "an 8-bit space": b"Transfer-Encoding: \xa0chunked",
    "quotes": b'Transfer-Encoding: "chunked"',
    "a parameter": b"Transfer-Encoding: chunked;q=1",
    "a prefix": b"Transfer-Encoding: xchunked",
    "a suffix": b"Transfer-Encoding: chunkedx",
    "a fold": b"Transfer-Encoding:\r\n chunked",
    "a fold within": b"Transfer-Encoding: chun\r\n ked",
    "a fold before": b"X: y\r\n Transfer-Encoding: chunked",
    "a bare LF before": b"X: y\nTransfer-Encoding: chunked",
    "a bare CR before": b"X: y\rTransfer-Encoding: chunked",
    "an underscore": b"Transfer_Encoding: chunked",
    "a dotless i": b"Transfer-Encod\xc4\xb1ng: chunked",
    "a long s": b"Tran\xc5\xbffer-Encoding: chunked",
    "nothing": b"Transfer-Encoding:",
    "named by Connection": b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
}  # fmt: skip
"""TE.TE: spellings of the coding that one reader knows and another doesn't."""

LENGTHS = {
    "a sign": b"Content-Length: +%d", "a list": b"Content-Length: %d, 0", "a leading list": b"Content-Length: 0, %d",
    "another first": b"Content-Length: 0\r\nContent-Length: %d", "another behind": b"Content-Length: %d\r\nContent-Length: 0",
    "a space before the colon": b"Content-Length : %d", "a vertical tab": b"Content-Length:\x0b%d", "a NUL": b"Content-Length: %d\x00",
    "a fraction": b"Content-Length: %d.0", "an exponent": b"Content-Length: %de0", "an underscore": b"Content_Length: %d",
    "an inner space": b"Content-Length: 0 %d", "a fold": b"Content-Length:\r\n %d", "a fold before": b"X: y\r\n Content-Length: %d",
    "a bare LF before": b"X: y\nContent-Length: %d", "a bare CR before": b"X: y\rContent-Length: %d",
    "named by Connection": b"Connection: Content-Length\r\nContent-Length: %d", "8-bit digits": b"Content-Length: \xb9%d",
}  # fmt: skip
"""CL.0 and 0.CL: spellings of a length."""

CHUNKS = {
    "an extension that a bare LF ends": b"3;a\nabc\r\n" + _ENDED,
    "an extension with a bare CR": b"3;a\rb\r\nabc\r\n" + _ENDED,
    "an extension with a quoted line end": b'3;a="\r\nabc\r\n' + _ENDED,
    "an extension without a semicolon": b"3 a\r\nabc\r\n" + _ENDED,
    "an extension in the last chunk with a bare LF": b"3\r\nabc\r\n0;a\n" + HIDDEN,
    "a size with 0x": b"0x3\r\nabc\r\n" + _ENDED,
    "a size with an underscore": b"0_3\r\nabc\r\n" + _ENDED,
    "a size of 64 bits that wraps": b"10000000000000003\r\nabc\r\n" + _ENDED,
    "a negative size": b"-3\r\nabc\r\n" + _ENDED,
    "data ended by two other bytes": b"3\r\nabcXX" + _ENDED,
    "data ended by LF": b"3\r\nabc\n" + _ENDED,
    "data ended by nothing": b"3\r\nabc" + _ENDED,
    "a last chunk with a bare LF": b"3\r\nabc\r\n0\n\n" + HIDDEN,
    "a trailer that is a length": b"0\r\nContent-Length: 40\r\n\r\n" + HIDDEN,
    "a trailer with a bare LF": b"0\r\nA: b\n\n" + HIDDEN,
    "a fold in the trailers": b"0\r\nA: b\r\n c\r\n\r\n" + HIDDEN,
    "a trailer without a colon": b"0\r\nGET /hidden HTTP/1.1\r\n\r\n" + HIDDEN,
    "zeros": b"000000000000000000000000000000\r\n\r\n" + HIDDEN,
}  # fmt: skip


def requests() -> dict[str, bytes]:
    """Name to bytes."""
    both = _LONG % len(_ENDED)
    found = {
        "CL.TE": _START + both + _CHUNKED + b"\r\n" + _ENDED,
        "TE.CL": _START + _CHUNKED + _LONG % 4 + b"\r\n" + _IN_CHUNK,
        "HTTP/1.0 with a coding": _START.replace(b"1.1", b"1.0") + both + _CHUNKED + b"\r\n" + _ENDED,
        "GET with a length of another's": b"GET /front HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + HIDDEN,
        "NUL in the request line": b"GET /front\x00 HTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN,
        "a line end in the Host": b"GET /front HTTP/1.1\r\nHost: a\rb\r\n\r\n" + HIDDEN,
        "an Upgrade with a body": _START + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + _CHUNKED + _LONG % 4 + b"\r\n" + _IN_CHUNK,
        "an expectation with both": _START + b"Expect: 100-continue\r\n" + both + _CHUNKED + b"\r\n" + _ENDED,
    }  # fmt: skip
    for name, coding in CODINGS.items():
        # For who knows the coding the body ends early, for who doesn't it holds all.
        found[f"length and coding: {name}"] = _START + both + coding + b"\r\n\r\n" + _ENDED
        found[f"coding and length: {name}"] = _START + coding + b"\r\n" + both + b"\r\n" + _ENDED
        # And the other way round.
        found[f"short length: {name}"] = _START + _LONG % 4 + coding + b"\r\n\r\n" + _IN_CHUNK
        found[f"coding alone: {name}"] = _START + coding + b"\r\n\r\n" + _IN_CHUNK
    for name, length in LENGTHS.items():
        found[f"length: {name}"] = _START + length % len(HIDDEN) + b"\r\n\r\n" + HIDDEN
        found[f"length beside chunks: {name}"] = (
            _START + _CHUNKED + length % 4 + b"\r\n\r\n" + _IN_CHUNK
        )
    for name, chunks in CHUNKS.items():
        found[f"chunks: {name}"] = _START + _CHUNKED + b"\r\n" + chunks
    return found


_ANSWER = b"HTTP/1.1 200 OK\r\n"
_STOLEN = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"


def answers() -> dict[str, bytes]:
    """Answers that hide another, for whoever asks next on that connection."""
    in_chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_STOLEN), _STOLEN)
    found = {
        "two": _ANSWER + b"Content-Length: 2\r\n\r\nok" + _STOLEN,
        "both framings": _ANSWER + _CHUNKED + _LONG % 5 + b"\r\n0\r\n\r\n" + _STOLEN,
        "a body behind 204": b"HTTP/1.1 204 No Content\r\n\r\n" + _STOLEN,
        "a body behind 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 80\r\n\r\n" + _STOLEN,
        "an interim answer with a body": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + _STOLEN,
        "101 that nobody asked for": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + _STOLEN,
        "a bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok" + _STOLEN,
        "no status": b"HTTP/1.1\r\nContent-Length: 2\r\n\r\nok" + _STOLEN,
        "HTTP/1.0 with a coding": b"HTTP/1.0 200 OK\r\n" + _CHUNKED + b"\r\n0\r\n\r\n" + _STOLEN,
    }  # fmt: skip
    for name, coding in CODINGS.items():
        found[f"coding: {name}"] = _ANSWER + coding + b"\r\n\r\n0\r\n\r\n" + _STOLEN
        found[f"coding beside a length: {name}"] = (
            _ANSWER + _LONG % 5 + coding + b"\r\n\r\n" + in_chunk
        )
    for name, length in LENGTHS.items():
        found[f"length: {name}"] = _ANSWER + length % 2 + b"\r\n\r\nok" + _STOLEN
    for name, chunks in CHUNKS.items():
        found[f"chunks: {name}"] = _ANSWER + _CHUNKED + b"\r\n" + chunks.replace(HIDDEN, _STOLEN)
    return found


_FRONT, _OTHER, _LAST = b"POST /front", b"GET /hidden", b"GET /last"
CLEAR = {
    # Known to every reader: names of codings have no case, and a tab is white space.
    "coding alone: another case": [_FRONT, _LAST],
    "coding alone: a tab behind the colon": [_FRONT, _LAST],
    # A framing field that Connection names is still the framing (and we frame anew).
    "coding alone: named by Connection": [_FRONT, _LAST],
    "length: named by Connection": [_FRONT, _LAST],
    # With an underscore it is another field, which frames nothing.
    "length and coding: an underscore": [_FRONT, _LAST],
    "coding and length: an underscore": [_FRONT, _LAST],
    "short length: an underscore": [_FRONT, _OTHER],
    "coding alone: an underscore": [_FRONT],
    "length: an underscore": [_FRONT, _OTHER, _LAST],
    "length beside chunks: an underscore": [_FRONT, _LAST],
    # Extensions end with their line, whatever they say, and none is passed on.
    "chunks: an extension with a quoted line end": [_FRONT, _OTHER, _LAST],
    # Framing fields have no place in trailers, and none is passed on.
    "chunks: a trailer that is a length": [_FRONT, _OTHER, _LAST],
}
"""Those that have one meaning, and the requests that they are. All others are refused."""
