"""The process that every local part is forked from: `python -m …local.forkserver DIR`.

Importing a node costs about a third of a second of CPU. This process pays it once and forks each
node and balancer from itself, as multiprocessing's forkserver does; each is still a process of its
own, with its own port, in its own process group, killable with SIGKILL.

It also is what makes `kill -9` of the lab harmless. Its standard input is a socket whose other end
only the lab holds; when that closes, however the lab ended, it kills every part, removes DIR, and
leaves. Should it be killed itself, the kernel kills the parts (PR_SET_PDEATHSIG, Linux). A command
that is not ours runs below a keeper of its own (see `keeper`), which takes its daemons along.

Requests and reports are JSON, one a line, both on that socket: standard output is anybody's who is
imported here. Requests: `{"do": "start", "name", "program",
"arguments", "environment", "folder", "log"}` and `{"do": "signal", "name", "signal"}`. Reports:
`{"started": name, "pid"}`, `{"failed": name, "error"}`, `{"ended": name, "status"}`,
`{"signalled": name}` for every request for it, and first of all `{"ready": pid}`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import shutil
import signal
import sys
import traceback
from typing import NoReturn

from sessionlab.lab.fabrics.local.keeper import (
    END,
    KEEPS,
    adopt_orphans,
    die_with_parent,
    keep,
    kill_all_below,
    send_below,
)
from sessionlab.lab.fabrics.local.loading import NODES, OURS, load_for, options_of
from sessionlab.lab.fabrics.local.titles import retitle

NOT_FOUND = 127  # as a shell has it
WHOLE_GROUP = (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT)
"""What no process can handle. Anything else is for the part to pass on to its own workers."""


class Forkserver:
    """Starts, signals and reaps parts on request. No thread and no event loop: it forks."""

    def __init__(self) -> None:
        self._parts: dict[int, str] = {}
        self._kept: set[int] = set()
        self._buffer = b""

    def serve(self) -> None:
        """Serve requests from standard input until it closes, then kill every part."""
        wakeup, wake = os.pipe()
        os.set_blocking(wakeup, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        adopt_orphans()
        self._report(ready=os.getpid())
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ, self._read_requests)
        selector.register(wakeup, selectors.EVENT_READ, lambda: self._reap(wakeup))
        serving = True
        while serving:
            for key, _ in selector.select():
                serving = key.data() is not False and serving
        self._kill_all()

    def _read_requests(self) -> bool:
        data = b""
        with contextlib.suppress(ConnectionResetError):  # the lab was killed with reports unread
            data = os.read(0, 65536)
        if not data:
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._handle(json.loads(line))
        return True

    def _handle(self, request: dict[str, object]) -> None:
        if request["do"] == "start":
            self._start(request)
            return
        for pid, name in self._parts.items():
            if name == request["name"]:
                self._signal(pid, int(str(request["signal"])))
        self._report(signalled=request["name"])

    def _signal(self, pid: int, signum: int) -> None:
        is_kept = pid in self._kept
        if is_kept and signum in (signal.SIGSTOP, signal.SIGCONT):
            send_below(pid, signum)
            return
        if is_kept and signum == signal.SIGKILL:
            signum = END
        send = os.killpg if signum in WHOLE_GROUP else os.kill
        with contextlib.suppress(ProcessLookupError):
            send(pid, signum)

    def _start(self, request: dict[str, object]) -> None:
        parent = os.getpid()
        arguments = request["arguments"]
        assert isinstance(arguments, list)  # noqa: S101  our own lab wrote it
        load_for(str(request["program"]), arguments)
        kept = KEEPS and bool(request["folder"])
        signal.pthread_sigmask(signal.SIG_BLOCK, {END} if kept else ())  # until it is a keeper
        try:
            pid = os.fork()
        except OSError as error:
            self._report(failed=request["name"], error=str(error))
            return
        if pid == 0:
            _become(request, parent)
        if kept:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {END})
            self._kept.add(pid)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # in both, so that neither runs before it is true
        self._parts[pid] = str(request["name"])
        self._report(started=request["name"], pid=pid)

    def _reap(self, wakeup: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, 4096)
        ended = []
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)  # the part's own children go with it
                self._kept.discard(pid)
                name = self._parts.pop(pid, None)
                if name is not None:
                    ended.append((name, os.waitstatus_to_exitcode(status)))
        if ended:
            kill_all_below(but=self._parts)  # orphans that they have left to this process
        for name, code in ended:
            self._report(ended=name, status=code)

    def _kill_all(self) -> None:
        for pid in self._parts:
            with contextlib.suppress(PermissionError):
                self._signal(pid, signal.SIGKILL)
        for pid in self._kept:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        kill_all_below()
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    @staticmethod
    def _report(**fields: object) -> None:
        # The lab may be gone already; the end of standard input will say so.
        left = json.dumps(fields).encode() + b"\n"
        with contextlib.suppress(ConnectionError):
            while left:
                left = left[os.write(0, left) :]


def _become(request: dict[str, object], parent: int) -> NoReturn:
    """Turn this forked child into the part. Never returns into the server's own code."""
    status = 70  # EX_SOFTWARE
    try:
        _detach(str(request["log"]), parent)
        environment, arguments = request["environment"], request["arguments"]
        assert isinstance(environment, dict)  # noqa: S101  our own lab wrote it
        assert isinstance(arguments, list)  # noqa: S101
        program, folder = str(request["program"]), str(request["folder"])
        for name in options_of(*OURS if folder else (program,)):  # all are said, or none meant
            os.environ.pop(name, None)
        os.environ.update(environment)
        retitle(_title(str(request["name"]), program, "keeper of " if folder else ""))
        if folder:
            _keep(program, arguments, folder)
        status = _run(program, arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a forked child must not unwind into its parent's stack
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _title(name: str, program: str, what: str = "") -> str:
    what = "node " if program == "sessionlab.nodes" else what
    return f"sessionlab: {what}{name.rpartition('/')[2]}"


def _detach(log: str, parent: int) -> None:
    os.setpgid(0, 0)
    die_with_parent(parent)
    signal.set_wakeup_fd(-1)
    for signum in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 256)  # the server's own pipes and selector


def _keep(program: str, arguments: list[str], folder: str) -> NoReturn:
    """Run somebody's own command in its folder, and what it begins with it."""

    def command() -> NoReturn:
        for signum in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; who follows may not
            signal.signal(signum, signal.SIG_DFL)
        try:
            os.chdir(folder)
            os.execvp(program, [program, *arguments])  # noqa: S606  no shell is what we want
        except OSError as error:
            sys.stderr.write(f"{error.filename or program}: {error.strerror}\n")
            sys.stderr.flush()
            os._exit(NOT_FOUND)

    if KEEPS:
        keep(command)
    command()


def _run(program: str, arguments: list[str]) -> int:
    if "/" in program:
        os.execv(program, [program, *arguments])  # noqa: S606  no shell is what we want
    sys.argv = [program, *arguments]
    if program not in OURS:
        sys.path.append(os.getcwd())  # noqa: PTH109  last: it may be the user's, and is in nobody's way
    status: int = importlib.import_module(f"{program}.__main__").main(arguments)
    return status


def main() -> None:
    """Load what nearly every cluster has, serve, clear away."""
    scratch = sys.argv[1]
    load_for(NODES, ())
    try:
        Forkserver().serve()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
