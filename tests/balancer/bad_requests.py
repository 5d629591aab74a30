# ruff: noqa: E501 - a table reads best with one row a line
"""Requests that must not reach a backend, each with the section that says why.

`ours` are the statuses that we may answer. `elsewhere` names the balancers that let the message
through (HAProxy 2.6 and nginx 1.22 with their defaults), where we choose to be stricter; `WHY`
says what they make of it.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST


@dataclass(frozen=True)
class Bad:
    """One bad request."""

    name: str
    section: str
    raw: bytes
    ours: frozenset[int] = frozenset({400})
    elsewhere: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name


def _bad(name: str, section: str, raw: bytes, *ours: int, elsewhere: str = "") -> Bad:
    return Bad(name, section, raw, frozenset(ours or (400,)), frozenset(elsewhere.split()))


BAD_REQUESTS = [
    # --- framing: whose body is it? ---
    _bad("both lengths", "RFC 9112 6.1", POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", elsewhere="haproxy"),
    _bad("both lengths, other order", "RFC 9112 6.1", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", elsewhere="haproxy"),
    _bad("two lengths that differ", "RFC 9112 6.3", POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    _bad("two equal lengths", "RFC 9112 6.3", POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", elsewhere="haproxy"),
    _bad("length as a list", "RFC 9110 8.6", POST + b"Content-Length: 3, 3\r\n\r\nabc", elsewhere="haproxy"),
    _bad("length with a sign", "RFC 9110 8.6", POST + b"Content-Length: +3\r\n\r\nabc"),
    _bad("negative length", "RFC 9110 8.6", POST + b"Content-Length: -3\r\n\r\nabc"),
    _bad("length in hexadecimal", "RFC 9110 8.6", POST + b"Content-Length: 0x3\r\n\r\nabc"),
    _bad("length with an inner space", "RFC 9110 8.6", POST + b"Content-Length: 1 3\r\n\r\nabc"),
    _bad("empty length", "RFC 9110 8.6", POST + b"Content-Length:\r\n\r\nabc"),
    _bad("length beyond 64 bits", "RFC 9110 8.6", POST + b"Content-Length: 18446744073709551619\r\n\r\nabc", 400, 413),
    _bad("unknown coding", "RFC 9112 6.1", POST + b"Transfer-Encoding: cow\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("chunked is not last", "RFC 9112 6.1", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("chunked twice", "RFC 9112 6.1", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("coding in two fields", "RFC 9112 6.1", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("identity coding", "RFC 9112 6.1", POST + b"Transfer-Encoding: identity\r\n\r\n", 400, 501),
    _bad("coding with a vertical tab", "RFC 9112 5.5", POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("quoted coding", "RFC 9112 6.1", POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400, 501),
    _bad("coding with a parameter", "RFC 9112 7", POST + b"Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n", 400, 501),
    _bad("empty coding", "RFC 9112 6.1", POST + b"Transfer-Encoding:\r\n\r\n", 400, 501),
    _bad("coding in HTTP/1.0", "RFC 9112 6.1", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", elsewhere="haproxy"),
    # --- fields: where does it end? ---
    _bad("space before the colon", "RFC 9112 5.1", POST + b"Content-Length : 3\r\n\r\nabc"),
    _bad("tab before the colon", "RFC 9112 5.1", POST + b"X-A\t: 3\r\n\r\n"),
    _bad("folded line", "RFC 9112 5.2", POST + b"X-A: b\r\n c\r\n\r\n", elsewhere="haproxy"),
    _bad("folded by a tab", "RFC 9112 5.2", POST + b"X-A: b\r\n\tc\r\n\r\n", elsewhere="haproxy"),
    _bad("space before the first field", "RFC 9112 2.2", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    _bad("field without a colon", "RFC 9112 5", POST + b"nonsense\r\n\r\n", elsewhere="nginx"),
    _bad("empty name", "RFC 9110 5.1", POST + b": x\r\n\r\n"),
    _bad("space in a name", "RFC 9110 5.1", POST + b"X A: b\r\n\r\n"),
    _bad("parenthesis in a name", "RFC 9110 5.1", POST + b"X(A): b\r\n\r\n", elsewhere="nginx"),
    _bad("8-bit name", "RFC 9110 5.1", POST + b"X\xe9: b\r\n\r\n", elsewhere="nginx"),
    _bad("NUL in a value", "RFC 9110 5.5", POST + b"X-A: b\0c\r\n\r\n", elsewhere="haproxy"),
    _bad("NUL in a name", "RFC 9110 5.1", POST + b"X\0A: b\r\n\r\n"),
    _bad("bare CR in a value", "RFC 9112 2.2", POST + b"X-A: b\rc\r\n\r\n"),
    _bad("bare CR before a field", "RFC 9112 2.2", POST + b"X-A: b\rContent-Length: 3\r\n\r\nabc"),
    _bad("bare LF ends a field", "RFC 9112 2.2", POST + b"X-A: b\nX-B: c\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("bare LF hides a length", "RFC 9112 2.2", POST + b"X-A: b\nContent-Length: 3\r\n\r\nabc", elsewhere="haproxy nginx"),
    _bad("bare LF everywhere", "RFC 9112 2.2", b"GET / HTTP/1.1\nHost: a\n\n", elsewhere="haproxy nginx"),
    _bad("control character in a value", "RFC 9110 5.5", POST + b"X-A: b\x01c\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("DEL in a value", "RFC 9110 5.5", POST + b"X-A: b\x7fc\r\n\r\n", elsewhere="haproxy nginx"),
    # --- Host ---
    _bad("no Host", "RFC 9112 3.2", b"GET / HTTP/1.1\r\n\r\n", elsewhere="haproxy"),
    _bad("two Hosts", "RFC 9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    _bad("two equal Hosts", "RFC 9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", elsewhere="haproxy"),
    _bad("empty Host", "RFC 9110 4.2.1", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", elsewhere="haproxy"),
    _bad("Host with a path", "RFC 9110 7.2", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", elsewhere="haproxy"),
    _bad("Host with a user", "RFC 9110 4.2.4", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("Host with a space", "RFC 9110 7.2", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", elsewhere="haproxy"),
    _bad("Host as a list", "RFC 9110 7.2", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", elsewhere="haproxy"),
    _bad("Host as a list without a space", "RFC 9110 7.2", b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("Host with a bad port", "RFC 9110 7.2", b"GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n", elsewhere="haproxy nginx"),
    # --- the request line ---
    _bad("two spaces after the method", "RFC 9112 3", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("two spaces before the version", "RFC 9112 3", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("tab for a space", "RFC 9112 3", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy"),
    _bad("space in the target", "RFC 9112 3.2", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("space at the end of the line", "RFC 9112 3", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", elsewhere="nginx"),
    _bad("leading space", "RFC 9112 3", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("no version", "RFC 9112 3", b"GET /\r\n\r\n"),
    _bad("lower-case version", "RFC 9112 2.3", b"GET / http/1.1\r\nHost: a\r\n\r\n"),
    _bad("version 2.0", "RFC 9112 2.3", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400, 505, elsewhere="haproxy"),
    _bad("version 0.9", "RFC 9112 2.3", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400, 505),
    _bad("version with more digits", "RFC 9112 2.3", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, 505, elsewhere="nginx"),
    _bad("HTTP/2 preface", "RFC 9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
    _bad("8-bit target", "RFC 9112 3.2", b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="nginx"),
    _bad("NUL in the target", "RFC 9112 3.2", b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("control character in the target", "RFC 9112 3.2", b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("fragment in the target", "RFC 9112 3.2", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="nginx"),
    _bad("target without a slash", "RFC 9112 3.2", b"GET index.html HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("star for another method", "RFC 9112 3.2.4", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy"),
    _bad("absolute-form of another scheme", "RFC 9112 3.2.2", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("absolute-form with a user", "RFC 9110 4.2.4", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy"),
    _bad("absolute-form without a host", "RFC 9110 4.2.1", b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", elsewhere="haproxy"),
    _bad("malformed method", "RFC 9110 9.1", b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    _bad("lower-case method", "RFC 9110 9.1", b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 501, elsewhere="haproxy"),
    _bad("CONNECT", "RFC 9110 9.3.6", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, elsewhere="haproxy"),
    _bad("TRACE", "RFC 9110 9.3.8", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, elsewhere="haproxy"),
    _bad("unknown expectation", "RFC 9110 10.1.1", POST + b"Expect: miracle\r\n\r\n", 417, elsewhere="haproxy nginx"),
    # --- not HTTP at all ---
    _bad("TLS hello", "RFC 9112 3", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 32),
    _bad("SSH", "RFC 9112 3", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    _bad("only LF", "RFC 9112 2.2", b"\n\n\n\n"),
]  # fmt: skip

_CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BAD_CHUNKS = [
    _bad("size with a sign", "RFC 9112 7.1", _CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n"),
    _bad("negative size", "RFC 9112 7.1", _CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n"),
    _bad("size with 0x", "RFC 9112 7.1", _CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n"),
    _bad("empty size", "RFC 9112 7.1", _CHUNKED + b"\r\nabc\r\n0\r\n\r\n"),
    _bad("size of letters", "RFC 9112 7.1", _CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n"),
    _bad("space before the size", "RFC 9112 7.1", _CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n"),
    _bad("space behind the size", "RFC 9112 7.1", _CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("size with an underscore", "RFC 9112 7.1", _CHUNKED + b"1_0\r\nabc\r\n0\r\n\r\n"),
    _bad("size beyond 64 bits", "RFC 9112 7.1", _CHUNKED + b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
    _bad("size ended by a bare LF", "RFC 9112 2.2", _CHUNKED + b"3\nabc\r\n0\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("size ended by a bare CR", "RFC 9112 2.2", _CHUNKED + b"3\rabc\r\n0\r\n\r\n"),
    _bad("data longer than its size", "RFC 9112 7.1", _CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n"),
    _bad("data ended by a bare LF", "RFC 9112 2.2", _CHUNKED + b"3\r\nabc\n0\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("extension with a NUL", "RFC 9112 7.1.1", _CHUNKED + b"3;a=\0\r\nabc\r\n0\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("extension with a bare LF", "RFC 9112 7.1.1", _CHUNKED + b"3;a=\nb\r\nabc\r\n0\r\n\r\n"),
    _bad("endless extension", "RFC 9112 7.1.1", _CHUNKED + b"3;" + b"a" * 3000),
    _bad("trailer without a colon", "RFC 9112 7.1.2", _CHUNKED + b"0\r\nnonsense\r\n\r\n", elsewhere="nginx"),
    _bad("trailer with a space before the colon", "RFC 9112 7.1.2", _CHUNKED + b"0\r\nA : b\r\n\r\n", elsewhere="haproxy nginx"),
    _bad("endless trailers", "RFC 9112 7.1.2", _CHUNKED + b"0\r\n" + b"A: b\r\n" * 3000),
]  # fmt: skip
"""The head is good and may be passed on; what follows must not be."""

WHY = {
    "both lengths": "it drops the length and goes by the coding, as RFC 9112 6.1 lets a server do",
    "both lengths, other order": "as above",
    "two equal lengths": "it takes equal values as one, as RFC 9110 8.6 allows",
    "length as a list": "it takes equal values as one, as RFC 9110 8.6 allows",
    "coding in HTTP/1.0": "it goes by the coding, and closes the connection afterwards",
    "folded line": "it joins the lines with a space, as RFC 9112 5.2 allows",
    "folded by a tab": "it joins the lines with a space, as RFC 9112 5.2 allows",
    "field without a colon": "it drops the line",
    "parenthesis in a name": "it drops the field (ignore_invalid_headers)",
    "8-bit name": "it drops the field (ignore_invalid_headers)",
    "NUL in a value": "it passes it on",
    "bare LF ends a field": "a bare LF ends a line, as RFC 9112 2.2 allows",
    "bare LF hides a length": "a bare LF ends a line, as RFC 9112 2.2 allows",
    "bare LF everywhere": "a bare LF ends a line, as RFC 9112 2.2 allows",
    "control character in a value": "it passes it on",
    "DEL in a value": "it passes it on",
    "no Host": "it adds none and lets the backend decide",
    "two equal Hosts": "it takes equal values as one",
    "empty Host": "it passes it on: an empty Host is right for a target without an authority",
    "Host with a path": "it passes the value on unread",
    "Host with a user": "it passes the value on",
    "Host with a space": "it passes the value on unread",
    "Host as a list": "it passes the value on unread",
    "Host as a list without a space": "RFC 3986 allows a comma in a name",
    "Host with a bad port": "the value is passed on unread",
    "two spaces after the method": "white space of any length, as RFC 9112 3 allows",
    "two spaces before the version": "white space of any length, as RFC 9112 3 allows",
    "tab for a space": "white space of any kind, as RFC 9112 3 allows",
    "space at the end of the line": "white space at the end, as RFC 9112 3 allows",
    "version 2.0": "it takes any version of one digit each, and answers with its own",
    "version with more digits": "it reads a minor version of up to two digits",
    "8-bit target": "it passes the byte on",
    "fragment in the target": "it cuts the fragment off",
    "star for another method": "it passes it on",
    "absolute-form of another scheme": "it takes any scheme, and the authority behind it",
    "absolute-form with a user": "it passes the authority on",
    "absolute-form without a host": "it passes the target on",
    "lower-case method": "any token is a method to it, and the backend decides",
    "CONNECT": "it passes it on, since a backend may be a proxy",
    "TRACE": "it passes it on",
    "unknown expectation": "it passes the field on, and the backend decides",
    "space behind the size": "white space there is forgiven, as some senders pad sizes",
    "size ended by a bare LF": "a bare LF ends a line there too; the chunk is framed anew",
    "data ended by a bare LF": "a bare LF ends a line there too; the chunk is framed anew",
    "extension with a NUL": "extensions are skipped unread",
    "trailer without a colon": "trailers are skipped unread",
    "trailer with a space before the colon": "trailers are skipped unread",
}
"""What those make of it that let it through. Found by trying; the tests try again."""

TIMING = frozenset({"trailer with a space before the colon"})
"""HAProxy has passed such a body on, or broken off, according to what had arrived by when."""
