"""Scenarios told on the page: each is run for real, at its own speed, and shown step by step.

A pause would change what is observed (tokens expire, drains run out), so it is the showing that
pauses, not the run.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Ending = Literal["telling", "held", "broken", "error", "skipped"]


class Story(Struct, frozen=True):
    """`GET /stories`: one that can be told; `why_not` says why not here; `about` its docstring."""

    name: str
    title: str
    about: str
    slow: bool
    why_not: str = ""


class Item(Struct, frozen=True, omit_defaults=True):
    """One thing of a telling, in order; which members there are depends on `kind`.

    cluster: `cluster`, `text` (what is special about it), `settings`, `nodes`
    step: `text` (`10 users log in, all at once`), `cluster`
    request: `cluster`, `user`, `tab`, `what`, `request`, `status`, `node`, `how`, `pin`, `took`,
        `reason`
    event: `event` (node.killed), `part`, `text`, `cluster`, `nodes` afterwards
    claim: `text`, `expected`, `observed`, `holds`
    note: `text`

    `line` is that of `source` which a step or a claim stands in, `left_out` how many requests just
    before it are too many to be told. Of a request `text` says what is special about its way.
    """

    n: int
    at: float
    kind: Literal["cluster", "step", "request", "event", "claim", "note"]
    text: str = ""
    cluster: str = ""
    settings: dict[str, str] = {}
    nodes: list[str] = []
    user: str = ""
    tab: int = 0
    what: str = ""
    request: str = ""
    status: int | None = None
    node: str = ""
    how: str = ""
    pin: str = ""
    took: float = 0.0
    reason: str = ""
    event: str = ""
    part: str = ""
    expected: str = ""
    observed: str = ""
    holds: bool | None = None
    line: int = 0
    left_out: int = 0


class Telling(Struct, frozen=True):
    """`GET /tellings/ID?since=N`: the items from that one on. `left_out` requests are too many.

    `claims` are how many it makes are known only at its end.
    """

    id: str
    story: str
    title: str
    seed: int
    ending: Ending
    reason: str
    seconds: float
    count: int
    items: list[Item]
    left_out: int = 0
    source: str = ""


class NewTelling(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /tellings`: run that story."""

    story: str
    seed: int = 1
