"""Scenarios told on the page: run for real in sandboxes of their own, and read item by item."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from sessionlab.lab.errors import Skip, StepError
from sessionlab.lab.events import Events
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.stories import Story, Telling
from sessionlab.lab.page.stories.items import Items
from sessionlab.lab.scenario import fitting
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.runner import CUT_SHORT, run_one

if TYPE_CHECKING:
    from sessionlab.lab.events import Event
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.stories import Ending, NewTelling
    from sessionlab.lab.scenario.lab import Settings
    from sessionlab.lab.scenario.scenario import Scenario

MOST_AT_ONCE, MOST_KEPT = 2, 20
PAUSE = 0.2  # seconds between two pieces of news of a telling

News = Callable[[str, int, "Ending"], None]
"""Hears of a telling: its id, how many items it has by now, how it ended if it has."""


class Tellings:
    """All of one page. `settings` are those of the run, without a seed.

    `news` is called at most a few times a second for each, and once when it has ended.
    """

    def __init__(self, fabric: Fabric, settings: Settings, news: News) -> None:
        self._fabric = fabric
        self._settings = settings
        self._news = news
        self._refused: Mapping[str, str] = {}
        self._scenarios: dict[str, Scenario] = {}
        self._numbers = count(1)
        self._kept: dict[str, _Told] = {}

    def stories(self) -> list[Story]:
        """Those that are installed, in the order in which to tell them."""
        self._scenarios = self._scenarios or installed()
        return [
            Story(one.name, one.title, about(one), one.slow, self._unfit(one))
            for one in self._scenarios.values()
        ]

    def suit(self, settings: Settings, refused: Mapping[str, str]) -> None:
        """Have them told like this from now on; why not is known of those `refused`."""
        self._settings, self._refused = settings, refused

    def begin(self, new: NewTelling) -> Telling:
        """Tell that one, in the background; the one that is being told with that seed goes on.

        Raises WrongField for a story that is not there, StepError for one that cannot be told
        here or now.
        """
        self._scenarios = self._scenarios or installed()
        scenario = self._scenarios.get(new.story)
        if scenario is None:
            raise WrongField(
                "story",
                f"there is no story named {new.story[:64]!r}",
                "`GET /api/1/stories` has them all",
            )
        if why_not := self._unfit(scenario):
            raise StepError(f"{new.story} cannot be told here: {why_not}")
        running = [one for one in self._kept.values() if not one.task.done()]
        for one in running:
            if (one.scenario.name, one.settings.seed) == (new.story, new.seed):
                return one.telling(0)
        if len(running) >= MOST_AT_ONCE:
            names = " and ".join(one.scenario.name for one in running)
            raise StepError(f"{names} are being told already", "wait until one has ended")
        settings = replace(self._settings, seed=new.seed)
        told = _Told(str(next(self._numbers)), scenario, settings, self._fabric, self._news)
        self._kept[told.identity] = told
        for identity in [*self._kept][:-MOST_KEPT]:
            if self._kept[identity].task.done():
                del self._kept[identity]
        return told.telling(0)

    def telling(self, identity: str, since: int = 0) -> Telling | None:
        """With its items from that one on; None where there is no such telling."""
        told = self._kept.get(identity)
        return told.telling(since) if told else None

    async def close(self) -> None:
        """End those that are under way, with all that they have started."""
        tasks = [told.task for told in self._kept.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _unfit(self, scenario: Scenario) -> str:
        """Why that one cannot be told here; empty where it can, as far as one can say before."""
        if why_not := self._refused.get(scenario.name, ""):
            return why_not
        if self._settings.nodes < scenario.least_nodes:
            return f"it takes at least {scenario.least_nodes} nodes to show this"
        try:
            if app := self._settings.app:
                module = scenario.story.__module__
                fitting.check(app, module, about_demo=scenario.about_demo)
        except Skip as skip:
            return str(skip)
        return ""


class _Told:
    """One telling: its task, and what it has told so far."""

    def __init__(
        self, identity: str, scenario: Scenario, settings: Settings, fabric: Fabric, news: News
    ) -> None:
        self.identity = identity
        self.scenario = scenario
        self.settings = settings
        self._news = news
        self._events = Events()
        self._events.follow(self._hear)
        story = inspect.unwrap(scenario.story)
        self._items = Items(inspect.getfile(story))
        self._source = inspect.getsource(inspect.getmodule(story) or story)
        self._ending: Ending = "telling"
        self._reason = ""
        self._waiting: asyncio.TimerHandle | None = None
        self.task = asyncio.create_task(self._run(fabric))

    def telling(self, since: int) -> Telling:
        """As it stands now; a `since` that makes no sense is none."""
        items = self._items.told
        return Telling(
            id=self.identity,
            story=self.scenario.name,
            title=self.scenario.title,
            seed=self.settings.seed,
            ending=self._ending,
            reason=self._reason,
            seconds=round(self._seconds, 3),
            count=len(items),
            items=items[max(since, 0) :],
            left_out=self._items.left_out,
            source="" if since > 0 else self._source,
        )

    @property
    def _seconds(self) -> float:
        return self._ended if self._ending != "telling" else self._events.now()

    async def _run(self, fabric: Fabric) -> None:
        self._ended = 0.0
        ending: Ending = "error"
        reason: str | None = CUT_SHORT
        try:
            told = self.scenario, self.settings, fabric, self._events, self._items
            result = await run_one(*told, looks_for_held=False)  # views are made in threads
            for said in await asyncio.to_thread(lambda: result.users.told()):  # noqa: PLW0108  `users` is slow
                self._items.note(said, self._events.now())
            ending, reason = result.outcome.value, result.reason
        finally:
            self._ended = self._events.now()
            self._ending, self._reason = ending, reason or ""
            self._items.forget()
            if self._waiting:
                self._waiting.cancel()
            self._tell()

    def _hear(self, event: Event) -> None:
        self._items.hear(event)
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(PAUSE, self._tell)

    def _tell(self) -> None:
        self._waiting = None
        self._news(self.identity, len(self._items.told), self._ending)


def about(scenario: Scenario) -> str:
    """What its file says it is about, or its own function."""
    story = inspect.unwrap(scenario.story)
    return inspect.getdoc(inspect.getmodule(story)) or inspect.getdoc(story) or ""
