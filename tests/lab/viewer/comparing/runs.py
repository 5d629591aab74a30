"""Runs made by hand: users who log in, ask, write and read, some of whom lose their sessions."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from sessionlab.lab.record.packed.reader import Stored
from sessionlab.lab.reports.cases import Case
from tests.lab.checks.histories import READY, STARTING, Step, about, login, read, shard, step, write

NOWHERE = Path("/nowhere")
SECONDS = 10.0


def run(
    seed: int,
    users: int = 40,
    *,
    lost: float = 0.1,
    slower: float = 1.0,
    forgets: float = 0.02,
    errors: float = 0.01,
    told: dict[str, Any] | None = None,
    requests: int = 20,
) -> Case:
    """Of the same kind for every seed: `lost` is a user's chance, `forgets` a write's."""
    draw = Random(seed)
    steps = [
        one
        for number in range(users)
        for one in _user(
            draw, f"u{number}", requests, lost=lost, slower=slower, forgets=forgets, errors=errors
        )
    ]
    return case(steps, told or {}, seed)


def case(steps: list[Step], told: dict[str, Any] | None = None, seed: int = 1) -> Case:
    known = about(STARTING, READY, ended=SECONDS)
    known = type(known)(0.0, SECONDS, known.events, {**known.told, **(told or {})})
    rows = shard(steps)
    stored = Stored([rows], len(rows.rows))
    return Case(NOWHERE, "one", stored, known, run={"seed": seed, "generator": {}})


def _user(
    draw: Random,
    name: str,
    requests: int,
    *,
    lost: float,
    slower: float,
    forgets: float,
    errors: float,
) -> list[Step]:
    """Some are slower than others in all they do, and errors come to some more than to others."""
    pace = slower * draw.lognormvariate(0, 0.3)
    mine = errors * draw.choice([0, 0, 3])
    gone = draw.randrange(5, requests) if draw.random() < lost else requests + 1
    node, cart = f"n{draw.randrange(3) + 1}", list[str]()
    more: dict[str, Any] = {"node": node, "credential": hash(name) % 1000 + 1}
    at = draw.uniform(0, 0.5)
    steps = [login(name, at, node=node, took=0.01 * pace * draw.lognormvariate(0, 0.8))]
    for number in range(requests):
        at += draw.uniform(0.3, 0.5)
        took = 0.01 * pace * draw.lognormvariate(0, 0.8)
        item = f"{name}.{number}"
        if number >= gone:
            steps.append(step(name, "me", at, status=401, took=took, **more))
        elif draw.random() < mine:
            steps.append(step(name, "me", at, status=503, took=took, **more))
        elif number % 3 == 0:
            steps.append(write(name, at, item, items=(*cart, item), took=took, **more))
            cart += [item] if draw.random() >= forgets else []
        elif number % 3 == 1:
            steps.append(read(name, at, *cart, took=took, **more))
        else:
            steps.append(step(name, "me", at, took=took, **more))
    return steps
