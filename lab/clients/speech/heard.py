"""What came back on one step of a conversation, whatever it was asked by."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sessionlab.lab.clients.wire import NO_HEADERS
from sessionlab.lab.record.printable import printable

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

    from sessionlab.lab.clients.content import ServerEvent

NOT_THERE: Any = object()
"""What is looked for and is not in an answer; None is a value that is there."""
SHOWN = 60  # characters of an answer's text
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_LONG = re.compile(r"[\w+/=.%~-]{12,}")  # may be a secret
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title", re.IGNORECASE | re.DOTALL)


@dataclass
class Heard:
    """The last answer, after redirects; `error` says why there is none, or none that counts.

    `passed` are the status and headers of the answers before it; `outside` a URL of somebody
    else's that it leads to, which was not followed; `code` is that with which a WebSocket closed.
    """

    url: URL
    status: int | None = None
    headers: CIMultiDictProxy[str] = field(default_factory=lambda: NO_HEADERS)
    content: bytes = field(default=b"", repr=False)
    events: tuple[ServerEvent, ...] | None = None
    passed: list[tuple[int, CIMultiDictProxy[str]]] = field(default_factory=list)
    error: str | None = None
    outside: str = ""
    code: int | None = None
    given_up: bool = False
    new_connection: bool = False
    sent: bool = False
    credential: int = 0
    script_user: str | None = None
    script_nobody: bool = False
    script_items: tuple[str, ...] | None = None

    @cached_property
    def text(self) -> str:
        """Decoded as it says, or as UTF-8; what is not text is replaced."""
        charset = _CHARSET.search(self.headers.get("Content-Type", ""))
        try:
            return self.content.decode(charset[1] if charset else "utf-8", "replace")
        except (LookupError, ValueError):  # a charset that there is not
            return self.content.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The JSON of the body, or of the last event of a stream; `NOT_THERE` for anything else."""
        text = self.text if self.events is None else self.events[-1].data if self.events else ""
        return parsed(text)

    @property
    def set_cookies(self) -> list[str]:
        """Every `Set-Cookie` of this step, in the order in which they came."""
        answers = [*(headers for _, headers in self.passed), self.headers]
        return [line for headers in answers for line in headers.getall("Set-Cookie", ())]

    @property
    def came(self) -> str:
        """What came, in a few words that hold nothing secret."""
        if self.status is None:
            return self.error or "no answer"
        statuses = [str(status) for status, _ in self.passed] + [str(self.status)]
        said = " → ".join(statuses[-3:]) + (f" at {self.url.path}" if self.passed else "")
        said += f" {self._kind}"
        if self.outside:
            said += f", which leads to {self.outside}: `hosts` in the recipe lets it go there"
        return f"{said}; {self.error}" if self.error else said

    @property
    def _kind(self) -> str:
        if not self.content:
            return "with an empty body"
        if isinstance(self.json, dict):
            return f"JSON ({', '.join(_LONG.sub('…', key) for key in list(self.json)[:6])})"
        if self.events is not None:
            return f"with {len(self.events)} server-sent events"
        if title := _TITLE.search(self.text[:20_000]):
            return f"HTML, titled “{_short(title[1])}”"
        return f"“{_short(self.text[:200])}”"


def parsed(text: str) -> Any:
    """The JSON value, or `NOT_THERE`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOT_THERE


def _short(text: str) -> str:
    words = _LONG.sub("…", " ".join(printable(text).split()))
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}…"
