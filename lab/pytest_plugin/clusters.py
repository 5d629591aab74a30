"""The fixtures' cluster: a real one, used from tests that know nothing of event loops."""

from __future__ import annotations

import inspect
import re
from contextlib import AsyncExitStack, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.errors import LabError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.pytest_plugin.asked import Asked, asked
from sessionlab.lab.pytest_plugin.story import judged, lost, story, unasked
from sessionlab.lab.pytest_plugin.thread import LoopThread
from sessionlab.lab.scenario.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import TracebackType

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.verdicts.users import Users

T = TypeVar("T")
MOST_NAME = 60  # characters, of a folder's name
DRAIN = 1.0  # seconds: tests are many, and those who stay meanwhile are the same


@contextmanager
def lab_cluster(request: pytest.FixtureRequest) -> Iterator[LabCluster]:
    """The cluster that the test of that request wants, ended with it."""
    with _failing():
        wanted = asked(request)
    cluster = LabCluster(wanted, re.sub(r"[^\w-]+", "-", request.node.name or "shared")[:MOST_NAME])
    try:
        yield cluster
    finally:
        cluster.close()


class LabCluster:
    """Copies of an app behind a balancer, started at first use.

    Each coroutine of a `Cluster` is a plain method here: kill, start, stop, drain, add_node,
    remove_node, restart_balancer, stop_redis, start_redis and so on. `async with` gives the real
    one instead, in the event loop that runs.
    """

    def __init__(self, wanted: Asked, name: str) -> None:
        self._wanted = wanted
        self._name = name
        self._events = Events()
        self._told: list[Event] = []
        self._lab: Lab | None = None
        self._thread: LoopThread | None = None
        self._real: Cluster | None = None
        self._stack = AsyncExitStack()
        self._since = 0.0
        self._versions = 1

    def __repr__(self) -> str:
        return repr(self._real) if self._real else f"<LabCluster {self._name}, not started>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return forwarded(self, self.cluster, name)

    # Users

    def user(self, name: str) -> LabUser:
        """A client of that user, not logged in yet."""
        client: Client = forwarded(self, self.cluster, "client")(name)
        return LabUser(self, client)

    def login(self, name: str) -> LabUser:
        """The same, logged in; fails the test where that cannot be."""
        __tracebackhide__ = True
        return self.user(name).logged_in()

    def users(self, count: int) -> list[LabUser]:
        """So many clients of different users, all logged in."""
        __tracebackhide__ = True
        clients: list[Client] = forwarded(self, self.cluster, "clients")(count)
        return [LabUser(self, client).logged_in() for client in clients]

    def verdicts(self) -> Users:
        """What became of each user in this test: `.kept`, `.logged_out`, `.lost` and so on."""
        return judged(self._lab.history if self._lab else (), self._told, self._since)

    def assert_nobody_lost(self) -> None:
        """Fail where a user was logged out, stuck or given wrong data during this test.

        And where that can't be told, as one of them was not asked since the last change.
        """
        __tracebackhide__ = True
        history, found = self._lab.history if self._lab else (), self.verdicts()
        if said := lost(found) or unasked(found, history, self._told, self._since):
            raise AssertionError(said)

    # What is done to it

    def deploy(self, how: str = "rolling", *, drain: float = DRAIN, version: str = "") -> None:
        """Replace every copy by a new one: `rolling`, `blue-green` or `recreate`.

        The first two drain the old ones, for at most `drain` seconds.
        """
        __tracebackhide__ = True
        self._versions += 1
        plan = DEPLOYS.make(how, **({} if how == "recreate" else {"limit": drain}))
        self.wait(self.cluster.deploy(plan, version or f"v{self._versions}"))

    # The machinery

    @property
    def cluster(self) -> Cluster:
        """The real one; its coroutines run in the lab's own thread: see `wait`."""
        if self._real is None:
            with _failing():
                self.wait(self._start())
        assert self._real is not None  # noqa: S101
        return self._real

    def wait(self, doing: Coroutine[object, object, T]) -> T:
        """What a coroutine returns that is run where the cluster lives."""
        __tracebackhide__ = True
        if self._thread is None:
            if self._real is not None:
                doing.close()
                raise LabError("this cluster lives in the test's own loop", "`await` the real one")
            self._thread = LoopThread()
        try:
            return self._thread.run(doing)
        except LabError as error:
            if error.hint:
                error.add_note(error.hint)
            raise error.with_traceback(None) from None  # a test's line, and none of ours

    def begin_test(self) -> None:
        """From now on what happens is another test's."""
        self._since = self._events.now() if self._real else 0.0

    def story(self) -> str:
        """What its users met in this test, as lines."""
        return story(self._lab.history, self._told, self._since) if self._lab else ""

    def close(self) -> None:
        """End all that was started."""
        if self._thread:
            try:
                self.wait(self._stack.aclose())
            finally:
                self._thread.close()

    async def __aenter__(self) -> Cluster:
        if self._real is not None:
            raise LabError("this cluster runs already", "use it as in a test that is not async")
        return await self._start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, at)

    async def _start(self) -> Cluster:
        fabric = FABRICS.make(self._wanted.settings.fabric)
        self._told = self._stack.enter_context(self._events.recording(self._name))
        self._stack.push_async_callback(fabric.close)
        await fabric.open()
        self._lab = Lab(self._wanted.settings, fabric, self._events, self._name)
        self._lab.told = self._told
        real = self._lab.cluster(**self._wanted.cluster)
        self._real = await self._stack.enter_async_context(real)
        return self._real


class LabUser:
    """One user's client; each of its coroutines is a plain method here: me, read, write, logout."""

    def __init__(self, cluster: LabCluster, client: Client) -> None:
        self._cluster = cluster
        self.client = client

    def __repr__(self) -> str:
        return repr(self.client)

    def logged_in(self) -> LabUser:
        """After its login and a first look at who it is, which a login is judged by."""
        __tracebackhide__ = True
        for answer in (self.login(), self.me()):
            if not answer.recognised:
                raise AssertionError(f"{self.client.user} could not log in: {answer.said}")
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return forwarded(self._cluster, self.client, name)


def forwarded(cluster: LabCluster, target: object, name: str) -> Any:
    """An attribute of the real thing; a method as one that is called where the cluster lives."""
    found = getattr(target, name)
    if not inspect.ismethod(found):
        return found

    async def done(*arguments: Any, **options: Any) -> Any:
        made = found(*arguments, **options)
        return await made if inspect.isawaitable(made) else made

    @wraps(found)
    def waited(*arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return cluster.wait(done(*arguments, **options))

    return waited


@contextmanager
def _failing() -> Iterator[None]:
    """What the lab has to say is no traceback."""
    try:
        yield
    except LabError as error:
        said = "\n  ".join(filter(None, (f"sessionlab: {error}", error.hint)))
        raise pytest.fail.Exception(said, pytrace=False) from None
