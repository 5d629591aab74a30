"""One cluster's ground in the engine: a network, and a container with its own address each part."""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound

from sessionlab.lab.errors import FabricLost, Skip, StartError
from sessionlab.lab.fabrics.docker import faults, labels, leftovers, netem
from sessionlab.lab.fabrics.docker.container import Watched
from sessionlab.lab.fabrics.docker.network import LOOPBACK, Host, PrivateNetwork
from sessionlab.lab.fabrics.run_folder import MARK

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from docker.models.images import Image

    from sessionlab.lab.fabrics.docker.engine import Engine
    from sessionlab.lab.fabrics.docker.labels import RunName
    from sessionlab.lab.fabrics.docker.programs import Programs
    from sessionlab.lab.fabrics.interface import Address, Limits, Link, Part

FILES = "/run/sessionlab"  # where a container finds what the lab has written
KEPT = "/var/lib/sessionlab"  # what outlives a container
ROOM = "/tmp"  # noqa: S108  a container's own tmpfs
NOBODY = 10001  # who runs in the containers of a lab that is root's
MOST_PROCESSES = 512


class DockerSandbox:
    """One cluster's containers, network and files."""

    room = ROOM
    listen_host = "0.0.0.0"

    def __init__(self, engine: Engine, programs: Programs, run: RunName, label: str) -> None:
        self.label = label
        self._engine = engine
        self._programs = programs
        self._run = run
        self.name = f"sessionlab-{run.name}-{label}"
        self._labels = run.labels(**{labels.CLUSTER: self.name})
        self._network: PrivateNetwork | None = None
        self._parts: dict[str, Watched] = {}
        self._logs: dict[str, bytearray] = {}
        self._kept: dict[str, Path] = {}
        self._commands: set[str] = set()
        self._files = run.folder / label
        self._files.mkdir(mode=0o700)
        self._owner = (os.getuid() or NOBODY, os.getgid() or NOBODY)
        os.chown(self._files, *self._owner)

    async def open(self) -> None:
        self._network = await PrivateNetwork.make(self._engine, self.name, self._labels)

    @property
    def network(self) -> PrivateNetwork:
        if self._network is None:
            raise StartError("the sandbox is not open")
        return self._network

    def place(self, part: str, port: int = 0) -> Address:
        return self.network.place(part, port)

    def vacate(self, part: str) -> None:
        """Each has an address of its own, and nobody else wants its ports."""

    def write(self, name: str, content: str) -> str:
        written = self._files / f".{name}"
        written.touch(mode=0o600)
        os.chown(written, *self._owner)
        written.write_text(content)
        written.replace(self._files / name)  # so that nobody reads half a file
        return f"{FILES}/{name}"

    def keep(self, part: str) -> str:
        folder = self._files.with_name(f"{self.label}.{part}")
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, *self._owner)
        self._kept[part] = folder
        return f"{KEPT}/{part}"

    def executable(self, *names: str) -> str | None:
        return self._programs.executable(*names)

    def how_to_get(self, package: str) -> str:
        return self._programs.how_to_get(package)

    async def start(self, part: Part) -> None:
        """Make a container and start it; one of that name that has ended makes room for it."""
        if self._running(part.name):
            raise StartError(f"{part.name} is running already")
        if part.folder:
            self._commands.add(part.name)
        before = self._parts.get(part.name)
        host = self.network.host(part.name)
        watched = Watched(self._logs.setdefault(part.name, bytearray()))
        self._parts[part.name] = watched

        def launch() -> None:
            name = f"{self.name}-{part.name}"
            if before is not None:
                leftovers.remove_container(self._engine.client, name)
            watched.run(self._engine.client.containers.create(**self._wishes(name, part, host)))
            if not host.wired:
                self._wire(watched, host)

        try:
            await self._engine.do(launch)
        except FabricLost:
            raise
        except StartError as error:
            watched.settle(os.EX_OSERR)
            raise StartError(f"{part.name} could not be started: {error}", error.hint) from error

    async def signal(self, name: str, signum: int) -> None:
        """Send a signal; nothing happens when the part has ended."""
        if watched := self._running(name):
            await self._engine.do(lambda: watched.signal(signum))

    async def partition(self, one: str, other: str) -> None:
        """Have both drop what the other sends: so it holds while either is started again."""
        self.network.host(one).cut_off.add(self.network.host(other).address)
        self.network.host(other).cut_off.add(self.network.host(one).address)
        await self._rewire(one, other)

    async def join(self, one: str, other: str) -> None:
        self.network.host(one).cut_off.discard(self.network.host(other).address)
        self.network.host(other).cut_off.discard(self.network.host(one).address)
        await self._rewire(one, other)

    async def shape(self, name: str, link: Link) -> None:
        host = self.network.host(name)
        before, host.link = host.link, link
        try:
            await self._rewire(name)
        except Skip:
            host.link = before
            raise

    async def limit(self, name: str, limits: Limits) -> None:
        self.network.host(name).limits = limits
        if watched := self._running(name):
            await self._engine.do(
                lambda: faults.confine(self._engine.client, watched.container, limits)
            )

    async def gone(self, name: str) -> int:
        if name not in self._parts:
            raise StartError(f"{name} was never started")
        return await asyncio.shield(self._parts[name].status)

    def ended(self, name: str) -> int | None:
        watched = self._parts.get(name)
        return watched.status.result() if watched is not None and watched.status.done() else None

    def log(self, name: str) -> str:
        return self._logs.get(name, b"").decode(errors="replace")

    def printed(self, name: str, since: int, most: int) -> bytes:
        return bytes(self._logs.get(name, b"")[since : since + most])

    def empty(self, name: str, size: int) -> bool:
        log = self._logs.get(name, bytearray())
        del log[:size]  # what is printed meanwhile is behind it
        return True

    async def pid(self, name: str) -> int | None:
        watched = self._running(name)
        return await self._engine.do(watched.pid) if watched else None

    def processes(self, name: str) -> tuple[int, ...]:  # noqa: ARG002
        """They are the engine's, which may be on another machine."""
        return ()

    async def close(self) -> None:
        """Remove the containers and the network, whatever was going on."""
        await to_the_end(self._clear())

    async def _clear(self) -> None:
        with contextlib.suppress(FabricLost):  # the run's own closing deals with that
            await self._engine.settled()
            await self._engine.do(
                lambda: leftovers.remove(self._engine.client, labels.CLUSTER, self.name)
            )

    def _running(self, name: str) -> Watched | None:
        watched = self._parts.get(name)
        return watched if watched is not None and not watched.status.done() else None

    async def _rewire(self, *names: str) -> None:
        """Make the networks of those that run what they are meant to be."""
        await asyncio.gather(
            *(
                self._engine.do(partial(self._wire, watched, self.network.host(name)))
                for name in names
                if (watched := self._running(name))
            )
        )

    def _wire(self, watched: Watched, host: Host) -> None:
        tools = self._programs.image_with(*faults.TOOLS)
        if tools is None:
            raise Skip(
                "no image has tc and iptables, which change networks",
                self.how_to_get("iproute2 iptables"),
            )
        script = netem.script(sorted(host.cut_off), host.link)
        faults.wire(self._engine.client, tools, watched.container, self._labels, script)

    def _wishes(self, name: str, part: Part, host: Host) -> dict[str, Any]:
        """What the SDK is to be told about the container of a part."""
        is_program = "/" in part.program or part.folder
        program = [part.program] if is_program else ["python3", "-m", part.program]
        endpoint = self._engine.client.api.create_endpoint_config(ipv4_address=host.address)
        return {
            "name": name,
            "hostname": part.name,
            "image": self._image(part).id,
            "entrypoint": [*program, *part.arguments],
            "environment": {"HOME": ROOM, MARK: self._run.name, **_trust(part), **part.environment},
            "labels": {**self._labels, labels.PART: part.name},
            "user": "{}:{}".format(*self._owner),
            "working_dir": part.folder or ROOM,
            "init": True,  # so that a signal does what it does elsewhere, and children are reaped
            "read_only": not part.folder,  # somebody's own may write wherever its user may
            "tmpfs": {ROOM: "rw,nosuid,nodev,noexec,size=64m,mode=1777"},
            "volumes": self._volumes(part),
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": MOST_PROCESSES,
            "healthcheck": {"test": ["NONE"]},  # the lab looks itself
            "network": self.name,
            "networking_config": {self.name: endpoint},
            "ports": {f"{port}/tcp": (LOOPBACK, port) for port in host.published},
            **faults.wishes(host.limits),
        }

    def _volumes(self, part: Part) -> dict[str, dict[str, str]]:
        """The files of all parts, to be read, and what this one keeps; `z` is for SELinux.

        Somebody's own command sees its folder, and what all such commands keep.
        """
        if not part.folder:
            kept = {part.name} & self._kept.keys()
            read = {str(self._files): {"bind": FILES, "mode": "ro,z"}}
        else:
            kept = self._kept.keys() - (self._parts.keys() - self._commands)
            read = {part.folder: {"bind": part.folder, "mode": "ro"}}
            read = read if Path(part.folder).is_dir() else {}  # or it is one of the image's
        folders = {str(self._kept[name]): f"{KEPT}/{name}" for name in kept}
        return read | {path: {"bind": bind, "mode": "rw,z"} for path, bind in folders.items()}

    def _image(self, part: Part) -> Image:
        """The one that the part names, fetched when it is not there, or one of ours."""
        if not part.image:
            return self._programs.image_of(part.program)
        images = self._engine.client.images
        try:
            return images.get(part.image)
        except ImageNotFound:
            return images.pull(part.image)


def _trust(part: Part) -> dict[str, str]:
    """Nobody for a program of ours: aiohttp loads all authorities, an eighth of a start, for none.

    A store of somebody's own may be reached by TLS, and then they are needed.
    """
    is_ours = "/" not in part.program and not part.folder
    asks_by_tls = any(value.startswith("rediss:") for value in part.environment.values())
    return {"SSL_CERT_FILE": os.devnull} if is_ours and not asks_by_tls else {}


async def to_the_end(closing: Coroutine[object, object, None]) -> None:
    """Do it all, even when cancelled meanwhile; the cancellation then follows."""
    task = asyncio.ensure_future(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
