"""What a link makes of the bytes that pass: where a request begins, and what it takes out or in.

A request is what a client sends first, or after something was answered: several that are sent
without waiting are one, but for Redis, whose commands are told apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sessionlab.lab.link.rules import Rule

_MOST = 1 << 16  # bytes of a head that are kept until it is whole
_HEAD_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.\d 1(?!01)")
_COOKIE = rb"(?i)(?<=\n)set-cookie[ \t]*:[ \t]*%s[^\n]*\n(?:[ \t][^\n]*\n)*"
_GREETING = b"AUTH HELLO CLIENT SELECT PING SCRIPT QUIT".split()
_READS = b"""GET MGET EXISTS TTL PTTL TYPE STRLEN GETRANGE KEYS SCAN INFO TIME ECHO COMMAND CONFIG
HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSCAN LLEN LRANGE LINDEX SMEMBERS SISMEMBER SCARD SSCAN
ZRANGE ZRANGEBYSCORE ZSCORE ZCARD ZCOUNT ZSCAN XRANGE XLEN XREAD DBSIZE MULTI EXEC DISCARD WATCH
UNWATCH SUBSCRIBE PSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE EVAL_RO EVALSHA_RO""".split()
_MAKES_ROOM = b"DEL UNLINK HDEL SREM ZREM LPOP RPOP EXPIRE PEXPIRE FLUSHALL FLUSHDB".split()
_SAYS = {
    "readonly": "READONLY You can't write against a read only replica.",
    "full": "OOM command not allowed when used memory > 'maxmemory'.",
}


class Speech:
    """Nothing is known of it. `begins` is told each request, and whether it counts.

    `chosen` says of each of the rules whether this connection is one that it strikes.
    """

    def __init__(
        self, rules: Mapping[str, Rule], begins: Callable[[bool], None], spare: bytes = b""
    ) -> None:
        self.chosen: dict[Rule, bool] = {}
        self._rules, self._begins, self._spare = rules, begins, spare
        self._asking = False
        self._kept = b""

    def asked(self, data: bytes, *, last: bool = False) -> bytes:  # noqa: ARG002
        """What goes to the server in place of that; with the `last` also what was kept."""
        if data and not self._asking:
            self._asking = True
            self._begins(not self._spare or data.split(b" ", 2)[1:2] != [self._spare])
        return data

    def answered(self, data: bytes, *, last: bool = False) -> bytes:  # noqa: ARG002
        """What goes to the client in place of that."""
        self._asking = False
        return data


class Http(Speech):
    """HTTP/1. While cookies are dropped, the head of an answer is kept until it is whole."""

    _in_head = False

    def answered(self, data: bytes, *, last: bool = False) -> bytes:
        rule = self._rules.get("drop-cookie")
        self._in_head = self._in_head or (self._asking and rule is not None)
        self._asking = False
        if not self._in_head:
            return data
        kept, passed = self._kept + data, b""
        while self._in_head and (end := _HEAD_END.search(kept)):
            head, kept = kept[: end.end()], kept[end.end() :]
            passed += self._without_cookie(head, rule)
            self._in_head = bool(_INTERIM.match(head))
        self._in_head &= not last and len(kept) < _MOST and kept[:7] == b"HTTP/1."[: len(kept)]
        self._kept = kept if self._in_head else b""
        return passed if self._in_head else passed + kept

    def _without_cookie(self, head: bytes, rule: Rule | None) -> bytes:
        name = re.escape(str(rule.settings["name"]).encode()) if rule else b""
        cookies = _COOKIE % (name and name + rb"[ \t]*=")
        there = rule and head[:5] == b"HTTP/" and re.search(cookies, head)
        return re.sub(cookies, b"", head) if rule and there and rule.strikes(self.chosen) else head


class Redis(Speech):
    """RESP, as a client writes it. What is refused goes to Redis as a script that refuses it.

    So the refusal takes its turn among the answers, however many commands are under way.
    """

    _is_resp = True

    def asked(self, data: bytes, *, last: bool = False) -> bytes:
        buffer, at, passed = self._kept + data, 0, b""
        while self._is_resp and at < len(buffer):
            try:
                end, name = _command(buffer, at)
            except (ValueError, IndexError):
                self._is_resp = False
                break
            if not end:
                break
            self._begins(name not in _GREETING)
            passed += self._refusal(name) or buffer[at:end]
            at = end
        keeps = self._is_resp and not last
        self._kept = buffer[at:] if keeps else b""
        return passed if keeps else passed + buffer[at:]

    def _refusal(self, name: bytes) -> bytes:
        for kind, said in _SAYS.items() if name not in _GREETING and name not in _READS else ():
            rule = None if kind == "full" and name in _MAKES_ROOM else self._rules.get(kind)
            if rule and rule.strikes(self.chosen):
                script = f'return redis.error_reply("{said}")'
                return f"*3\r\n$4\r\nEVAL\r\n${len(script)}\r\n{script}\r\n$1\r\n0\r\n".encode()
        return b""


def _command(buffer: bytes, at: int) -> tuple[int, bytes]:
    """Where the command that begins there ends (0: it is not whole) and its name."""
    if buffer[at] != ord("*"):
        raise ValueError("an inline command, or no Redis client")
    name, line = b"", buffer.find(b"\r\n", at)
    for _ in range(int(buffer[at + 1 : line]) if line > 0 else 0):
        start = buffer.find(b"\r\n", line + 2)
        if start < 0:
            return 0, b""
        end = start + 2 + int(buffer[line + 3 : start])
        name = name or buffer[start + 2 : end].upper()
        line = end
    return (line + 2, name) if 0 < line <= len(buffer) - 2 else (0, b"")


SPEECHES = {"bytes": Speech, "http": Http, "redis": Redis}
