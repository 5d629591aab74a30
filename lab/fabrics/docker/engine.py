"""The Docker Engine, through its SDK: which one, calls to it, and what its refusals mean.

The SDK blocks, so each call runs on a thread. A call that has been sent cannot be taken back: who
is cancelled while waiting for one leaves it running, and `settled()` waits for those.
"""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import docker
from docker.errors import APIError, DockerException
from docker.utils import parse_host
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from sessionlab.lab.errors import FabricLost, LabError, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 16
PATIENCE = 120  # seconds for one answer; a busy engine is slow, and a hung one must not hang us
T = TypeVar("T")


class Engine:
    """An engine that has answered. `client` is the SDK's, for use inside `do`."""

    def __init__(self, client: docker.DockerClient, threads: ThreadPoolExecutor) -> None:
        self.client = client
        self._threads = threads
        self._calls: set[asyncio.Future[Any]] = set()

    @classmethod
    async def connect(cls) -> Engine:
        """The engine that `docker` would use; raises StartError when there is none."""
        client = await asyncio.to_thread(connect)
        return cls(client, ThreadPoolExecutor(THREADS, thread_name_prefix="docker"))

    def shared(self) -> Engine:
        """The same engine for somebody who waits for calls of their own only."""
        return Engine(self.client, self._threads)

    async def do(self, call: Callable[[], T]) -> T:
        """What the call returns; raises StartError for a refusal, FabricLost without an answer."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, told, call)
        self._calls.add(future)
        future.add_done_callback(self._ended)
        return await asyncio.shield(future)

    async def settled(self) -> None:
        """Wait until every call that was sent has been answered."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _ended(self, call: asyncio.Future[Any]) -> None:
        self._calls.discard(call)
        call.exception()  # nobody need be waiting for it any more

    def close(self) -> None:
        self._threads.shutdown(wait=False)
        self.client.close()


def connect() -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST names, or of this machine's; blocks."""
    try:
        _knock(parse_host(os.environ.get("DOCKER_HOST")))
        return docker.from_env(timeout=PATIENCE)
    except (DockerException, RequestException, HTTPError, OSError) as error:
        raise _no_engine(error) from None


def _knock(host: str) -> None:
    """Raise OSError where nobody answers at a socket file: the SDK leaves its own end open then."""
    scheme, _, path = host.partition("://")
    if scheme == "http+unix":
        with socket.socket(socket.AF_UNIX) as end:
            end.settimeout(PATIENCE)
            end.connect(f"/{path.lstrip('/')}")


def refused(error: APIError) -> str:
    """The engine's own words."""
    return str(error.explanation or error).strip()


def told(call: Callable[[], T]) -> T:
    """What the call returns, its errors as the lab's own."""
    try:
        return call()
    except LabError:
        raise
    except APIError as error:
        raise StartError(f"the Docker engine refused: {refused(error)}") from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        raise FabricLost(
            f"the Docker engine does not answer any more: {_last_words(error)}",
            "start it again; `sessionlab down` then removes what it still holds",
        ) from error


def _no_engine(error: BaseException) -> StartError:
    where = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return StartError(
            f"you have no permission to use the Docker engine at {where}",
            "join its group, then log in again: sudo usermod -aG docker $USER",
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionError) for cause in causes):
        return StartError(
            f"no Docker engine answers at {where}",
            "start it (sudo systemctl start docker), name another in DOCKER_HOST, or install one:\n"
            "  apt install docker.io on Debian and Ubuntu, else "
            "https://docs.docker.com/engine/install",
        )
    return StartError(
        f"the Docker engine at {where} cannot be used: {_last_words(error)}",
        "`docker info` should work before this does",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _last_words(error: BaseException) -> str:
    """The innermost cause, which is the one that says something."""
    *_, innermost = _causes(error)
    return str(innermost) or type(innermost).__name__
