"""What a hand does to one cluster of the page, or to all of them at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessionlab.lab.errors import LabError
from sessionlab.lab.page.model.doing import Act, Done

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.page.desk.sides import Sides

ALL = "all"


async def acted(act: Act, sides: Sides, wanted: Callable[[], bool]) -> Done:
    """Do it; what could not be done anywhere is raised."""
    if act.cluster != ALL:
        return Done(await sides.running(act.cluster).hands.do(act.do, act.part, wanted))
    there = [side.id for side in sides]
    each = [acted(Act(act.do, act.part, id_), sides, wanted) for id_ in there]
    found = dict(zip(there, await asyncio.gather(*each, return_exceptions=True), strict=True))
    for error in found.values():
        if isinstance(error, BaseException) and not isinstance(error, LabError):
            raise error
    refused = {id_: error for id_, error in found.items() if isinstance(error, LabError)}
    done = [one.done for one in found.values() if isinstance(one, Done)]
    if not done:
        raise next(iter(refused.values()))
    said: dict[str, str] = {
        id_: "; ".join(filter(None, (str(e), e.hint))) for id_, e in refused.items()
    }
    return Done("; ".join(dict.fromkeys(done)), said)
