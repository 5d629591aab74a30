"""Writes down what a client's conversations came to, without its secrets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from sessionlab.lab.clients.speech import takes
from sessionlab.lab.clients.ties import holds_tie
from sessionlab.lab.description.tokens import read_token
from sessionlab.lab.recipes.variables import Unknown
from sessionlab.lab.record.answers import JSON, Answer
from sessionlab.lab.record.history import ENTRIES, ERROR, Ending, Operation, ending_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDictProxy

    from sessionlab.lab.clients.speech.conversation import Outcome
    from sessionlab.lab.clients.speech.heard import Heard
    from sessionlab.lab.clients.speech.requests import Context
    from sessionlab.lab.events import Events
    from sessionlab.lab.recipes.model import Recipe, Step

EXPLAINED = "X-Balancer"  # the built-in balancer's `--explain`
PROBLEM = "application/problem+json"  # RFC 9457
_REFUSALS = range(400, 500)


class Notebook(Protocol):
    """Where operations are written down."""

    def append(self, operation: Operation, /) -> None: ...


@dataclass(slots=True)
class Records:
    """One client's part of a history."""

    _client: str
    _recipe: Recipe
    _history: Notebook
    _events: Events
    _scenario: str
    _cluster: str
    _tab: int
    _token: tuple[str, float | None] = ("", None)  # the last one, and its end

    def now(self) -> float:
        return self._events.now()

    def left(self, credential: str) -> float | None:
        """Seconds until a token's end (`exp`, on the wall clock); None for what is no token."""
        if credential != self._token[0]:  # it is asked at every request, and reading costs 60 µs
            end = read_token(credential).get("exp")
            self._token = credential, end if isinstance(end, (int, float)) else None
        end = self._token[1]
        return None if end is None else end - time.time()

    def tie(self, affinity: str, context: Context, step: Step) -> bool | None:
        """Whether a step's request holds what that affinity goes by; see `ties`."""
        if affinity.partition(":")[0] not in ("learn", "header", "learn-header", "query"):
            return holds_tie(affinity, {}, (), ())
        try:
            url = URL(context.base) if step.script else context.url(step.path)
            cookies = context.wire.jar.filter_cookies(url)  # those that are over are not sent
            return holds_tie(affinity, context.sent(step), cookies, url.query)
        except (Unknown, ValueError):
            return None

    def note(
        self,
        conversation: str,
        prefix: str,
        context: Context,
        outcome: Outcome,
        **known: Any,
    ) -> Answer:
        """Write it down, with what else is `known`; what the client is given of it."""
        heard, step = outcome.heard, outcome.step
        status, headers = _own_answer(conversation, heard)
        said = explained(headers.get(EXPLAINED, ""))
        body = heard.json if isinstance(heard.json, dict) else {}
        redacted = context.holdings.redacted
        error = None
        if outcome.who == ERROR:
            error = redacted((heard.error if heard.status is None else outcome.says) or "")
        operation = Operation(
            client=self._client,
            method=step.method,
            path=prefix + step.path,
            completed=self._events.now(),
            outcome=_ending(outcome, status),
            status=status,
            node=self._node(heard, said),
            user=outcome.user,
            error=error,
            new_connection=outcome.new_connection,
            credential=outcome.credential,
            verdict=said.get("affinity", ""),
            reason=said.get("reason", ""),
            version=_text(body, "version"),
            item=context.item,
            items=outcome.items,
            cluster=self._cluster,
            tab=self._tab,
            given_up=heard.given_up,
            code=(_text(body, "code") or "") if _is_problem(heard) else "",
            conversation=conversation,
            who=outcome.who,
            service=prefix.strip("/"),
            **known,
        )
        self._history.append(operation)
        self._emit(operation)
        cookies = [_without_value(line) for line in outcome.set_cookies]
        return Answer(operation, body, heard.headers, cookies, lambda: redacted(outcome.says))

    def _node(self, heard: Heard, explained: Mapping[str, str]) -> str | None:
        if self._recipe.node is not None:
            return takes.found(self._recipe.node, heard)
        backend = explained.get("backend", "-")
        return None if backend == "-" else backend

    def _emit(self, operation: Operation) -> None:
        self._events.emit(
            "request.completed",
            self._scenario,
            client=operation.client,
            conversation=operation.conversation,
            method=operation.method,
            path=operation.path,
            status=operation.status,
            node=operation.node,
            seconds=operation.completed - operation.invoked,
        )


def _ending(outcome: Outcome, status: int | None) -> Ending:
    """As of one request, which changes something where any of them does."""
    method = "POST" if outcome.unsafe else "GET"
    ending = ending_of(method, status, sent=outcome.sent)
    failed = outcome.who == ERROR and ending is Ending.OK
    return (Ending.UNKNOWN if outcome.unsafe else Ending.FAILED) if failed else ending


def explained(header: str) -> dict[str, str]:
    """The node, the pin's verdict, why it moved: out of `backend=n2; affinity=VN; reason=…`."""
    parts = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in parts}


def _own_answer(conversation: str, heard: Heard) -> tuple[int | None, CIMultiDictProxy[str]]:
    """Status and headers; of a login that led to a refusal, those of the login itself.

    It may have led to another copy, which does not know yet who that is.
    """
    if conversation in ENTRIES and heard.passed and heard.status in _REFUSALS:
        return heard.passed[0]
    return heard.status, heard.headers


def _is_problem(heard: Heard) -> bool:
    return heard.headers.get("Content-Type", "").startswith(PROBLEM)


def _text(body: Mapping[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _without_value(line: str) -> str:
    pair, mark, attributes = line.partition(";")
    return f"{pair.partition('=')[0].strip()}{mark}{attributes}"
