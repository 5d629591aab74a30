"""What a key of the terminal sets off: one thing at a time, and what was wrong is shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.text import Text

from sessionlab.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.bench.actions import Hands


class AtKeys:
    """`hands` are those of the cluster that is there now; `over` gets what nobody expects."""

    def __init__(
        self,
        hands: Callable[[], Hands],
        show: Callable[[Text], None],
        over: Callable[[BaseException], None],
    ) -> None:
        self._hands, self._show, self._over = hands, show, over
        self._step: asyncio.Task[None] | None = None
        self._wanted = ""

    def act(self, name: str, part: str) -> None:
        """Do it, and show what was wrong if it can't be done; nothing waits for its turn here."""
        wanted = f"{name} {part}".rstrip()
        if doing := self._wanted or self._hands().doing:
            rest = f"so `{wanted}` is not done; one thing is done at a time"
            self._show(Text(f"`{doing}` is under way, {rest}", "yellow"))
            return
        self._wanted = wanted
        self._step = asyncio.get_running_loop().create_task(self._act(name, part))
        self._step.add_done_callback(self._ended)

    def close(self) -> None:
        """End what is under way."""
        if self._step:
            self._step.cancel()

    async def _act(self, name: str, part: str) -> None:
        try:
            await self._hands().do(name, part)
        except LabError as error:
            self._show(Text("; ".join(filter(None, (str(error), error.hint))), "yellow"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._step, self._wanted = None, ""
        if not task.cancelled() and (defect := task.exception()):
            self._over(defect)
