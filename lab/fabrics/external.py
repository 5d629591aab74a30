"""The fabric `external`: a stack that somebody else has started. It is looked at, never touched."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from sessionlab.lab.errors import Skip, UsageError
from sessionlab.lab.fabrics.run_folder import RunFolder

if TYPE_CHECKING:
    from sessionlab.lab.description.target import Target
    from sessionlab.lab.fabrics.interface import Address, Part


def refuse(what: str) -> NoReturn:
    """Raise Skip: that would be to touch it."""
    raise Skip(f"the lab did not start this stack, so it does not {what}")


class ExternalFabric:
    """A stack that runs already, named with --target: what would start or end a part is skipped."""

    name = "external"
    one_at_a_time = True

    def __init__(self, target: Target | None = None, *, stays: bool = False) -> None:
        """With `stays` it may be away, and the run has a folder, by which it is found."""
        if target is None:
            raise UsageError("nothing says where the stack is", "name it with run --target")
        self.target = target
        self._stays = stays
        self._run_folder: RunFolder | None = None

    async def open(self) -> None:
        if self._stays:
            self._run_folder = RunFolder()
        else:
            await asyncio.to_thread(self.target.addresses)

    def sandbox(self, label: str) -> ExternalSandbox:
        return ExternalSandbox(label, self.target)

    def executable(self, *names: str) -> str | None:
        """What its parts need they have, for they run."""
        return names[0]

    def how_to_get(self, package: str) -> str:
        return f"the lab did not start this stack: {package} is for whoever did"

    async def close(self) -> None:
        if self._run_folder:
            self._run_folder.close()


class ExternalSandbox:
    """One story's view of the stack. All of its parts count as running."""

    room = ""
    listen_host = ""

    def __init__(self, label: str, target: Target) -> None:
        self.label = label
        self.target = target

    async def open(self) -> None:
        """There is nothing to lay."""

    def place(self, part: str, port: int = 0) -> Address:  # noqa: ARG002
        refuse("add to it")

    def vacate(self, part: str) -> None:
        """Nothing is reserved here."""

    def executable(self, *names: str) -> str | None:  # noqa: ARG002
        return None

    def how_to_get(self, package: str) -> str:
        return f"the lab did not start this stack: {package} is for whoever did"

    def write(self, name: str, content: str) -> str:  # noqa: ARG002
        refuse("change its files")

    def keep(self, part: str) -> str:
        refuse(f"give its {part} a folder")

    async def start(self, part: Part) -> None:
        refuse(f"start its {part.name}")

    async def signal(self, name: str, signum: int) -> None:  # noqa: ARG002
        refuse(f"stop or signal its {name}")

    async def gone(self, name: str) -> int:
        refuse(f"wait for the end of its {name}")

    def ended(self, name: str) -> int | None:  # noqa: ARG002
        return None

    def log(self, name: str) -> str:  # noqa: ARG002
        return ""

    def printed(self, name: str, since: int, most: int) -> bytes:  # noqa: ARG002
        return b""

    def empty(self, name: str, size: int) -> bool:  # noqa: ARG002
        return False

    async def pid(self, name: str) -> int | None:  # noqa: ARG002
        return None

    def processes(self, name: str) -> tuple[int, ...]:  # noqa: ARG002
        return ()

    async def close(self) -> None:
        pass
