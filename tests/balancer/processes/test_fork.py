"""A worker's first moment: what the parent is told is the parent's affair from the fork on."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.pin_log import PinLog
from sessionlab.balancer.config.model import Config
from sessionlab.balancer.processes import parent, worker

if TYPE_CHECKING:
    import pytest


def test_a_stop_that_reaches_a_worker_as_it_is_forked_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Ctrl-C does, which reaches the whole group: the worker drains when its parent says so."""
    fork = os.fork

    def fork_and_stop() -> int:
        pid = fork()
        if pid == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
        return pid

    with socket.create_server(("127.0.0.1", 0)) as bound:
        slots = parent._Slots([bound], PinLog.memory(1))
        monkeypatch.setattr(os, "fork", fork_and_stop)
        monkeypatch.setattr(parent, "be_worker", lambda *_: 7)
        child = slots.fork(0, Config())
        _, status = os.waitpid(child.pid, 0)
        child.end.close()
    assert os.waitstatus_to_exitcode(status) == 7
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & worker.OF_THE_PARENT == set()
