"""The process above somebody's command: nothing that the command begins can get away from it.

It adopts what is orphaned below it (PR_SET_CHILD_SUBREAPER, Linux), so that a daemon which has
forked twice and made a session of its own is its child again. When the command has ended, however
it did, all the rest is killed, and only then does the keeper end, as the command has: whoever
waits for it finds the ports free. Should its own parent be killed, the kernel tells it
(PR_SET_PDEATHSIG), and it does the same.

Signals go on to the command; `END` has the keeper kill all that is below it. To stop that and have
it go on is for whoever tells the keeper to, at once and in that order: `send_below`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from sessionlab.lab.fabrics.local.process_tree import descendants, own_children

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

KEEPS = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
END: int = getattr(signal, "SIGRTMIN", 0) + 1
_PASSED_ON = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
    | ({signal.SIGWINCH} if KEEPS else set())
)


def adopt_orphans() -> None:
    """Have this process be the parent of what is orphaned below it."""
    if KEEPS:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int, signum: int = signal.SIGKILL) -> None:
    """Have the kernel send that signal when the parent ends, which may have happened already."""
    if KEEPS:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:
            os._exit(1)


def keep(command: Callable[[], NoReturn]) -> NoReturn:
    """Run the command below this process, and end as it does once nothing of it is left."""
    handled = {*_PASSED_ON, END}
    keeper = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    adopt_orphans()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        die_with_parent(keeper)
        command()

    def pass_on(signum: int, _: object) -> None:
        if signum == END:
            send_below(keeper, signal.SIGKILL)
        else:
            _send(signum, [pid])

    for signum in handled:
        signal.signal(signum, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
    die_with_parent(os.getppid(), END)
    end = _end_of(pid)
    kill_all_below()
    _end_as(end)


def send_below(pid: int, signum: int) -> None:
    """Send a signal to every process that this one has begun, and not to itself."""
    _send(signum, descendants(pid))


def kill_all_below(but: Collection[int] = ()) -> None:
    """Kill and bury every process below this one, and those that they begin meanwhile."""
    if (children := own_children()) is not None and children <= set(but):
        return  # at once: to walk all processes takes long where there are many
    while left := descendants(os.getpid(), but):
        _send(signal.SIGKILL, left)
        for pid in left:
            with contextlib.suppress(ChildProcessError):  # of another's: that one is killed too
                os.waitpid(pid, 0)


def _end_of(pid: int) -> int:
    """The status of the command; the orphans that end before it are buried."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _send(signum: int, pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def _end_as(status: int) -> NoReturn:
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the command has left one, if it may
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 128 - status)
