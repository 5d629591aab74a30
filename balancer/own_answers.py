"""What the balancer says itself to a client, and the access log's line about every answer."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from balancer import problems
from balancer.access_log import Record
from balancer.client import BODY, DISCARD, GREETING, READING, SENT, TUNNEL, Client
from balancer.errors import RefusedError
from balancer.request_head import NO_REQUEST

if TYPE_CHECKING:
    from balancer.backend import Backend


class OwnAnswers(Client):
    """The answers that no backend gave."""

    __slots__ = ()

    def timed_out(self) -> None:
        """The deadline has passed; what that means depends on who was to do something."""
        if self.state == READING:
            if self.buffer:
                self.refuse(RefusedError(408, "the request did not arrive in time"))
            else:
                self.transport.close()
        elif self.queued:
            self.fail(503, "every backend is busy")
        elif self.state in {TUNNEL, DISCARD, GREETING} or self.answering:
            self.abort()
        elif self.state == BODY and not self.held:
            self.refuse(RefusedError(408, "the request's body did not arrive in time"))
        else:
            self.fail(504, "the backend did not answer in time")

    def fail(self, status: int, detail: str) -> None:
        """No backend gives an answer, so we do; the connection stays if the request is whole."""
        self.abandon(failed=status == 504)  # noqa: PLR2004 - silence is a failure of the backend
        if self.state == SENT and self.keep_alive:
            request = self.request
            self.keep_alive = request.fields.keep_alive and not self.worker.draining
            bodiless = request.method == b"HEAD"
            close = not self.keep_alive
            self.transport.write(problems.answer(status, detail, close=close, bodiless=bodiless))
            self._log_own(status)
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
        self.abandon()
        self._log_own(error.status)
        if not self.answering:
            self.transport.write(problems.answer(error.status, error.detail, close=True))
        self.close()

    def next_request(self) -> None:
        """The answer is finished and the connection stays."""
        raise NotImplementedError

    def log(self, backend: Backend | None, seconds: float) -> None:
        """A line about an answer, when there is a log."""
        log = self.worker.access_log
        if log is not None:
            request = self.request if self.state != READING else NO_REQUEST
            where = (backend.service, backend.name) if backend is not None else ("-", "")
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
                    *where,
                    self.found.verdict + self.done,
                    self.head_out[len(self.start) : -4] or request.fields.request_id,
                )
            )

    def _log_own(self, status: int) -> None:
        """An answer that the balancer made itself."""
        self.worker.metrics.own(status)
        self.status, self.sent, self.done = status, 0, "N"
        self.log(None, perf_counter() - self.started if self.state != READING else 0.0)
