"""The clusters of a story apart: the node n1 of one is not that of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.checks.interface import About
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.record.packed.shard import Shard
from sessionlab.lab.verdicts.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.reports.cases import Case


def apart(case: Case) -> Iterator[tuple[Case, str]]:
    """Each cluster's part of a history, and what a person calls it; the whole where it is one."""
    named = settings(case.name, case.about.events)
    if not named:
        yield case, case.name
        return
    for label, name in named.items():
        stored = _of_cluster(case.stored, label)
        yield replace(case, stored=stored, about=_about(case.about, label)), f"{case.name}: {name}"


def _of_cluster(stored: Stored, label: str) -> Stored:
    shards = []
    for shard in map(read, stored.shards()):
        rows = shard.rows[np.argsort(shard.place)]
        mine = rows["cluster"] == (shard.words.number("cluster", label) or -1)
        shards.append(Shard.of(rows[mine], shard.seen, shard.words))
    return Stored(shards, sum(len(shard.rows) for shard in shards))


def _about(about: About, label: str) -> About:
    events = tuple(event for event in about.events if event.data.get("cluster") in (None, label))
    return About.of(events, about.began, about.ended)
