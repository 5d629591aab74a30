"""What a fabric can do: give parts addresses, start them, signal them, and clear them away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self}"


@dataclass(frozen=True, slots=True)
class Part:
    """One process to run: a node, the balancer, Redis.

    `program` is a module that `python -m` can run, or an executable's path when it holds a
    slash. Secrets go into `environment`, never into `arguments`, which every user can list.

    With a `folder` it is somebody's own command: it runs there, its program is found on its own
    PATH, or from that folder when it holds a slash, and whatever it begins ends with it. `image`
    is the container image that it is in, where the fabric has containers.
    """

    name: str
    program: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    image: str = ""


class Sandbox(Protocol):
    """The ground under one cluster. Closing it leaves nothing behind, whatever happened.

    `room` is a folder, as the parts see it, where each may write files of its own; what a part
    writes there need not be there when it is started again. `listen_host` is what a part listens
    on to be reached by the others, empty for the host of its own address.
    """

    label: str
    room: str
    listen_host: str

    async def open(self) -> None:
        """Make it ready, before anything else; raises StartError when that cannot be done."""
        ...

    def place(self, part: str, port: int = 0) -> Address:
        """An address for that part that no other gets; `port` 0 is any free one.

        A part that asks twice gets two ports of the same host. Raises StartError when that port
        is taken.
        """
        ...

    def vacate(self, part: str) -> None:
        """Give back what `place` has reserved for a part that does not come back."""
        ...

    def executable(self, *names: str) -> str | None:
        """As the fabric's."""
        ...

    def how_to_get(self, package: str) -> str:
        """As the fabric's."""
        ...

    def write(self, name: str, content: str) -> str:
        """Put a file where the parts can read it, and nobody else; the path as they see it."""
        ...

    def keep(self, part: str) -> str:
        """A folder whose files outlive that part, for it alone; the path as it sees it."""
        ...

    async def start(self, part: Part) -> None:
        """Start a part; raises StartError when a part of that name runs already."""
        ...

    async def signal(self, name: str, signum: int) -> None: ...

    async def gone(self, name: str) -> int:
        """Wait until the part has ended; its exit status, negative for a signal."""
        ...

    def ended(self, name: str) -> int | None:
        """The exit status of a part that has ended, None while it runs."""
        ...

    def log(self, name: str) -> str:
        """All that the part has printed so far."""
        ...

    def printed(self, name: str, since: int, most: int) -> bytes:
        """What it has printed from that byte on, `most` bytes of it."""
        ...

    def empty(self, name: str, size: int) -> bool:
        """Forget what it has printed, if that is `size` bytes by now; whether it was done."""
        ...

    async def pid(self, name: str) -> int | None:
        """The process id of a part that runs, on the machine that it runs on."""
        ...

    def processes(self, name: str) -> Sequence[int]:
        """All processes of a part that is somebody's own command; none where nobody can tell."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Link:
    """How bad a part's connection to all others is; as it stands here, it is a good one.

    `delay` and `jitter` are in seconds and added to what it sends, `rate` is in bits a second that
    it may send, `loss` is the share of packets to it that get lost.
    """

    delay: float = 0.0
    jitter: float = 0.0
    rate: int = 0
    loss: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1 or min(self.delay, self.jitter, self.rate) < 0:
            raise UsageError(f"no link is like this: {self}", "0 <= loss < 1, the others from 0")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many processors and bytes of memory a part may use; None is all that there is."""

    cpus: float | None = None
    memory: int | None = None


GOOD = Link()
FREE = Limits()


@runtime_checkable
class Confined(Protocol):
    """A sandbox whose parts have a network and a share of the machine of their own.

    What is done to a part stays done when the part is started again.
    """

    async def partition(self, one: str, other: str) -> None:
        """Let no packet through between two parts, in either direction."""
        ...

    async def join(self, one: str, other: str) -> None:
        """Undo a partition."""
        ...

    async def shape(self, name: str, link: Link) -> None:
        """Raises Skip when this machine's kernel cannot do it."""
        ...

    async def limit(self, name: str, limits: Limits) -> None: ...


@runtime_checkable
class ManyAddresses(Protocol):
    """A fabric whose clients can come from different addresses."""

    def addresses(self, count: int, random: Random) -> list[str]:
        """That many, each once, drawn at random; raises Skip when this system has them not."""
        ...


class Fabric(Protocol):
    """What clusters run on. One fabric serves a whole run, one sandbox each cluster."""

    name: str
    one_at_a_time: bool
    """Whether all stories meet the same cluster there, and would take each other's turns."""

    async def open(self) -> None:
        """Make it ready; raises StartError when that cannot be done."""
        ...

    def sandbox(self, label: str) -> Sandbox: ...

    def executable(self, *names: str) -> str | None:
        """The first of these programs that parts can run, as its path; None when there is none."""
        ...

    def how_to_get(self, package: str) -> str:
        """Advice: how the programs of a Debian package get to where parts can run them."""
        ...

    async def close(self) -> None: ...
