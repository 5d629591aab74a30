"""What the viewer draws of one of the page's clusters, made of what was seen so far."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.interface import About
from sessionlab.lab.record.packed.reader import Growing, Stored
from sessionlab.lab.reports.cases import Case
from sessionlab.lab.viewer import said
from sessionlab.lab.viewer.building import of_case
from sessionlab.lab.viewer.view import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.verdicts.fates import User

NOWHERE = Path(os.devnull)  # it was not stored, and no folder says more of it
_ONE = Lock()  # what the checks keep for each other is there once a process


def sentence(name: str, judged: Sequence[User], events: Sequence[Event], requests: int) -> str:
    """The same sentence as that of the view, without the view; empty before the first request."""
    if not requests:
        return ""
    about = About.of(events)  # its times are those of the page
    case = Case(NOWHERE, name, Stored((), requests), about)
    return said.of_one(case, CONTINUITY.users([list(judged)], about), [])


class Building:
    """Makes the view, again and again: what was packed once stays packed. Not on the event loop."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._packed, self._generation, self._count = Growing(), 0, 0

    def missing(self, generation: int) -> int:
        """From which operation on it wants to be given them."""
        if generation != self._generation:
            self._packed, self._generation, self._count = Growing(), generation, 0
        return self._count

    def page(
        self, new: Sequence[Operation], events: Sequence[Event], sampled: Sequence[str] = ()
    ) -> Page:
        """All of it, with these operations more."""
        with _ONE:
            self._packed.add(new)
            self._count += len(new)
            stored = Stored([self._packed.shard()], self._count)
            until = max((event.at for event in events), default=0.0)
            case = Case(NOWHERE, self._name, stored, About.of(events))
            view = of_case(case, self._name, processes=1, until=until)
        view = msgspec.structs.replace(view, sampled=[*view.sampled, *sampled])
        return Page(version("sessionlab"), self._name, view.sentence, [view])
