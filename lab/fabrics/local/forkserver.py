"""The process that every local part is forked from: `python -m …local.forkserver DIR`.

Importing a node costs about half a second of CPU. This process pays it once and forks each node
and balancer from itself, as multiprocessing's forkserver does; each is still a process of its
own, with its own port, in its own process group, killable with SIGKILL.

It also is what makes `kill -9` of the lab harmless. Its standard input is a socket whose other end
only the lab holds; when that closes, however the lab ended, it kills every part, removes DIR, and
leaves. Should it be killed itself, the kernel kills the parts (PR_SET_PDEATHSIG, Linux).

Requests and reports are JSON, one a line, both on that socket: standard output is anybody's who is
imported here. Requests: `{"do": "start", "name", "program",
"arguments", "environment", "log"}` and `{"do": "signal", "name", "signal"}`. Reports:
`{"started": name, "pid"}`, `{"failed": name, "error"}`, `{"ended": name, "status"}`,
`{"signalled": name}` for every request for it, and first of all `{"ready": pid}`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import selectors
import shutil
import signal
import sys
import traceback
from typing import NoReturn

from sessionlab.lab.fabrics.local.titles import retitle

PRELOAD = ("sessionlab.nodes", "sessionlab.balancer")
STRATEGIES = tuple(f"sessionlab.nodes.strategies.{name}" for name in ("memory", "redis", "jwt"))
"""What a node loads by its strategy."""

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
WHOLE_GROUP = (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT)
"""What no process can handle. Anything else is for the part to pass on to its own workers."""


class Forkserver:
    """Starts, signals and reaps parts on request. No thread and no event loop: it forks."""

    def __init__(self) -> None:
        self._parts: dict[int, str] = {}
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
                signum = int(str(request["signal"]))
                send = os.killpg if signum in WHOLE_GROUP else os.kill
                with contextlib.suppress(ProcessLookupError):
                    send(pid, signum)
        self._report(signalled=request["name"])

    def _start(self, request: dict[str, object]) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._report(failed=request["name"], error=str(error))
            return
        if pid == 0:
            _become(request, parent)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # in both, so that neither runs before it is true
        self._parts[pid] = str(request["name"])
        self._report(started=request["name"], pid=pid)

    def _reap(self, wakeup: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, 4096)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)  # the part's own children go with it
                name = self._parts.pop(pid, None)
                if name is not None:
                    self._report(ended=name, status=os.waitstatus_to_exitcode(status))

    def _kill_all(self) -> None:
        for pid in self._parts:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
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
        environment = request["environment"]
        assert isinstance(environment, dict)  # noqa: S101  our own lab wrote it
        for name in options_of(str(request["program"])):  # the lab says them all, or means none
            os.environ.pop(name, None)
        os.environ.update(environment)
        arguments = request["arguments"]
        assert isinstance(arguments, list)  # noqa: S101
        retitle(_title(str(request["name"]), str(request["program"])))
        status = _run(str(request["program"]), arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a forked child must not unwind into its parent's stack
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _title(name: str, program: str) -> str:
    part = name.rpartition("/")[2]
    return f"sessionlab: {'node ' if program == 'sessionlab.nodes' else ''}{part}"


def _detach(log: str, parent: int) -> None:
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
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


def _rehearse(program: str) -> None:
    """Load a program, and have it refuse a command line: that loads what it loads only when used.

    Typer's pydantic is such a thing: a fifth of a second of CPU, once instead of for every part.
    """
    module = importlib.import_module(f"{program}.__main__")
    with contextlib.redirect_stderr(io.StringIO()):
        module.main(["--listen", "nowhere"])


def options_of(program: str) -> frozenset[str]:
    """The environment variables that one of our programs takes for options; of others none."""
    if program not in PRELOAD:
        return frozenset()
    found: frozenset[str] = importlib.import_module(f"{program}.__main__").variables()
    return found


def _run(program: str, arguments: list[str]) -> int:
    if "/" in program:
        os.execv(program, [program, *arguments])  # noqa: S606  no shell is what we want
    sys.argv = [program, *arguments]
    if program not in PRELOAD:
        sys.path.append(os.getcwd())  # noqa: PTH109  last: it may be the user's, and is in nobody's way
    status: int = importlib.import_module(f"{program}.__main__").main(arguments)
    return status


def preload() -> None:
    """Load all that a part may load."""
    for program in PRELOAD:
        _rehearse(program)
    for strategy in STRATEGIES:
        importlib.import_module(strategy)


def main() -> None:
    """Preload, serve, clear away."""
    scratch = sys.argv[1]
    gc.disable()  # what is loaded stays: collections in between only cost time
    preload()
    gc.collect()
    gc.freeze()  # so that a collection in a child does not copy the shared pages
    gc.enable()
    try:
        Forkserver().serve()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
