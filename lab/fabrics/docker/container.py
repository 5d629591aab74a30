"""One container while it runs: what it prints, the signals it is sent, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound
from docker.utils.socket import frames_iter
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from sessionlab.lab.errors import FabricLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker.models.containers import Container

KILLED = 137  # 128 + SIGKILL, as the engine reports it
FIRST_SIGNAL = 128
NOT_RUNNING = (404, 409)


class Watched:
    """Gathers what a container prints in `log`, and sets `status` once it has ended.

    A thread each, since the SDK's streams block; it sleeps until something is printed. Its methods
    block too, apart from `settle`.
    """

    def __init__(self, log: bytearray) -> None:
        self._loop = asyncio.get_running_loop()
        self.status: asyncio.Future[int] = self._loop.create_future()
        self._log = log
        self._container: Container | None = None

    def run(self, container: Container) -> None:
        """Start the container, and listen to it from before its first word."""
        self._container = container
        stream = container.attach_socket(params={"stdout": 1, "stderr": 1, "stream": 1})
        name = f"watch {container.name}"
        threading.Thread(target=self._watch, args=(stream,), name=name, daemon=True).start()
        container.start()

    @property
    def container(self) -> Container:
        assert self._container is not None  # noqa: S101  it runs
        return self._container

    def signal(self, signum: int) -> None:
        """What no process can handle goes to all processes inside, as elsewhere to the group."""
        container = self.container
        try:
            if signum == signal.SIGSTOP:
                container.pause()
            elif signum == signal.SIGCONT:
                container.unpause()
            else:
                container.kill(signum)
        except APIError as error:
            if error.status_code not in NOT_RUNNING:
                raise

    def pid(self) -> int | None:
        """That of its first process, as the machine of the engine knows it."""
        self.container.reload()
        return int(self.container.attrs["State"]["Pid"]) or None

    def settle(self, status: int) -> None:
        if not self.status.done():
            self.status.set_result(status)

    def _watch(self, stream: Any) -> None:
        try:
            for _, chunk in frames_iter(stream, tty=False):
                self._log.extend(chunk)
            said = self.container.wait()["StatusCode"]
        except NotFound:
            said = KILLED  # removed by force, which kills
        except (DockerException, RequestException, HTTPError, OSError):
            lost = FabricLost(
                "the Docker engine has gone away",
                "start it again; `sessionlab down` then removes what it still holds",
            )
            self._tell(self._lose, lost)
            return
        finally:
            # The SDK leaves the connection open, and keeps what closes it there.
            stream._response.close()  # noqa: SLF001
        self._tell(self.settle, _status(int(said)))

    def _tell(self, what: Callable[[Any], None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(what, value)

    def _lose(self, lost: FabricLost) -> None:
        if not self.status.done():
            self.status.set_exception(lost)
            self.status.exception()  # nobody need be waiting for it


def _status(said: int) -> int:
    """Negative for a signal, which the engine and its init report as 128 and more."""
    return FIRST_SIGNAL - said if said > FIRST_SIGNAL else said
