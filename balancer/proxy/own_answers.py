"""What the balancer says itself to a client, and the access log's line about every answer."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from sessionlab.balancer.backends.backend import NOT_LOOKED_AT
from sessionlab.balancer.backends.pin import NOTHING
from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http import problems
from sessionlab.balancer.http.request_head import NO_REQUEST
from sessionlab.balancer.proxy import x_balancer
from sessionlab.balancer.proxy.access_log import Record
from sessionlab.balancer.proxy.client import (
    BODY,
    DISCARD,
    GREETING,
    READING,
    SENT,
    TUNNEL,
    UNDER_WAY,
    Client,
)
from sessionlab.balancer.proxy.forward_headers import NOT_PREPARED

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend


_CLIENT_LEFT = 499  # as nginx logs it; no client ever sees it


class OwnAnswers(Client):
    """The answers that no backend gave."""

    __slots__ = ()

    def timed_out(self) -> None:
        """The deadline has passed; what that means depends on who was to do something."""
        if self.state == READING:
            if self.transport.is_closing():
                self.transport.abort()  # it does not read the end of its last answer
            elif self.buffer:
                self.refuse_unread(RefusedError(408, "the request did not arrive in time"))
            else:
                self.deadline = self.worker.response_at
                self.transport.close()
        elif self.queue is not None:
            self.fail(503, "every backend is busy")
        elif self.state in {TUNNEL, DISCARD, GREETING} or self.answering:
            self.abort()
        elif self.state == BODY and not self.held and not self._awaits_100():
            self.refuse(RefusedError(408, "the request's body did not arrive in time"))
        else:
            self.fail(504, "the backend did not answer in time")

    def _awaits_100(self) -> bool:
        """Whether the client may rightly wait for a word of the backend before its body."""
        upstream, body = self.upstream, self.body
        return (
            self.request.fields.expect_continue
            and upstream is not None
            and not upstream.interims
            and body is not None
            and not body.begun
        )

    def fail(self, status: int, detail: str) -> None:
        """No backend gives an answer, so we do; the connection stays if the request is whole."""
        self.abandon(failed=status == 504)  # noqa: PLR2004 - silence is a failure of the backend
        if self.state == SENT and self.keep_alive:
            request = self.request
            self.keep_alive = request.fields.keep_alive and not self.worker.draining
            bodiless = request.method == b"HEAD"
            close = not self.keep_alive
            self._say(status, problems.answer(status, detail, close=close, bodiless=bodiless))
            if close:
                self.close()
            else:
                self.next_request()
        else:
            self.refuse(RefusedError(status, detail))

    def refuse(self, error: RefusedError) -> None:
        """Answer with a problem and close; nothing more of this connection is believed."""
        if error.status == 404 and self.state == SENT:  # noqa: PLR2004 - a good request
            self.fail(error.status, error.detail)
            return
        if self.answering:
            self.cut("balancer")
            self.state = BODY  # so that the client can still read what it got
        else:
            self.abandon()
            self._say(error.status, problems.answer(error.status, error.detail, close=True))
        self.close()

    def refuse_unread(self, error: RefusedError) -> None:
        """Refuse what never became a request; nothing of an earlier one is said about it."""
        self.found = NOT_LOOKED_AT
        self.prepared = NOT_PREPARED
        self.repeatable = self.start = self.head_out = b""
        self.refuse(error)

    def cut(self, by: str) -> None:
        """Give up a request that has no whole answer yet; `by` says who did that."""
        if not self.answering:
            self._count_unanswered()
            self.status, self.sent, self.done = _CLIENT_LEFT, 0, NOTHING
        by = "" if self.state == TUNNEL else by
        self.log(self.backend, perf_counter() - self.started, by)
        self.abandon()
        self.state = DISCARD

    def next_request(self) -> None:
        """The answer is finished and the connection stays."""
        raise NotImplementedError

    def log(self, backend: Backend | None, seconds: float, cut: str = "") -> None:
        """A line about an answer, when there is a log."""
        log = self.worker.access_log
        if log is not None:
            request = self.request if self.state in UNDER_WAY else NO_REQUEST
            prepared = self.prepared
            log.append(
                Record(
                    self.worker.wall,
                    self.peer.address,
                    request.method,
                    request.target,
                    request.minor,
                    self.status,
                    self.sent,
                    seconds,
                    "-" if prepared is NOT_PREPARED else prepared.service.name,
                    "" if backend is None else backend.name,
                    "--" if self.found is NOT_LOOKED_AT else self.found.verdict + self.done,
                    self.head_out[len(self.start) : -4] or request.fields.request_id,
                    self.found.reason,
                    cut,
                )
            )

    def _say(self, status: int, answer: bytes) -> None:
        """An answer that the balancer makes itself; it does nothing about a pin."""
        worker = self.worker
        if worker.explains:
            answer = x_balancer.into(answer, x_balancer.line("", self.found, NOTHING))
        self.transport.write(answer)
        worker.metrics.own(status)
        self._count_unanswered()
        self.status, self.sent, self.done = status, 0, NOTHING
        self.log(None, perf_counter() - self.started if self.state in UNDER_WAY else 0.0)

    def _count_unanswered(self) -> None:
        """The verdict on a request that no backend answers."""
        prepared = self.prepared
        if prepared is NOT_PREPARED:
            self.worker.metrics.unrouted += 1
        else:
            prepared.service.counters.add(self.found, NOTHING)
