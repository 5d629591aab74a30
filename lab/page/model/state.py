"""What the page shows of its clusters: the state, whole, as plain values, which are its JSON.

All times are seconds since the run began, unless they say otherwise. What a name holds is text,
never markup: users, paths and reasons may be a stranger's. No credential is among them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sessionlab.lab.page.model.visitors import Crowd, Tab

SCHEMA = 1

Id = Literal["a", "b"]
"""Of a cluster on the page: the first, and the one beside it."""
Condition = Literal["starting", "ready", "failed", "ended"]


class Part(Struct, frozen=True):
    """A node, the balancer or Redis.

    `kind` is node, balancer or redis; `state` running, frozen, ended or "not ours"; `seen` the
    balancer's word for a node (up, drain, down …), "" where it says none; `how` says how it ended.
    `sessions` are those in its own memory, null where it has none or does not say; `requests` are
    those that it has answered since it is on this page. `version` is the app's, "" if unknown.
    """

    name: str
    kind: str
    address: str
    state: str
    pid: int | None = None
    seen: str = ""
    how: str = ""
    version: str = ""
    sessions: int | None = None
    requests: int = 0


class Action(Struct, frozen=True):
    """What a hand can do: to one of `parts` now, or without a part (`takes_part` false).

    `why_not` says why it cannot be done here at all (no engine, not this lab's), "" where it can.
    `options` are words that may stand in the place of a part: names of deploys. `by_hand` are
    commands that do it where this page cannot, by part ("" without one).
    """

    do: str
    does: str
    takes_part: bool
    parts: list[str]
    why_not: str = ""
    options: list[str] = []
    by_hand: dict[str, str] = {}


class Pin(Struct, frozen=True):
    """Whom the balancer ties to which node. `key` is short, and no credential; ages in seconds.

    `tab` is the tab whose pin it is, "" where that is a stranger's, or not known.
    """

    key: str
    node: str
    since: float
    last_seen: float
    why: str = ""
    tab: str = ""


class Balancing(Struct, frozen=True):
    """What the balancer knows: `pins` are some of `pins_total`, `why` says when it tells none.

    `next` is the node that the next client without a pin comes to, "" where that is drawn or not
    known; `next_why` says why, in words.
    """

    pins: list[Pin] = []
    pins_total: int = 0
    counts: dict[str, int] = {}
    next: str = ""
    next_why: str = ""
    why: str = ""


class Key(Struct, frozen=True):
    """A key in Redis: `name` is cut where it would be a credential, `ttl` is seconds or null."""

    name: str
    kind: str
    ttl: float | None
    says: str


class Store(Struct, frozen=True):
    """What Redis holds: `keys` are some of `total`; `why` says why it cannot be looked at.

    `says` is what is wrong with it, though it answers: it is full, or read only.
    """

    keys: list[Key] = []
    total: int = 0
    why: str = ""
    says: str = ""


class Cluster(Struct, frozen=True):
    """One cluster on the page. `generation` counts on when it is replaced by another.

    `why` is what went wrong, in plain words, where `condition` is failed or ended. `lines` are what
    is asked for of each conversation (`login: POST /login`); `can` are the conversations of its app
    (login, me, read, write, logout).
    """

    id: Id
    generation: int
    condition: Condition
    why: str
    url: str
    strategy: str
    balancer: str
    affinity: str
    algorithm: str
    nodes: int
    fabric: str
    app: str = ""
    sentence: str = ""
    doing: str | None = None
    parts: list[Part] = []
    actions: list[Action] = []
    balancing: Balancing = Balancing()
    store: Store | None = None
    can: list[str] = []
    lines: dict[str, str] = {}


class Choice(Struct, frozen=True):
    """Something that a cluster can be built of; `why_not` says why it cannot be chosen here."""

    name: str
    summary: str
    why_not: str = ""


class Choices(Struct, frozen=True):
    strategies: list[Choice] = []
    algorithms: list[Choice] = []
    affinities: list[Choice] = []
    most_nodes: int = 50


class Unable(Struct, frozen=True):
    """Why something cannot be done on this page, in plain words; "" where it can."""

    switch: str = ""
    beside: str = ""
    stories: str = ""
    record: str = ""


class State(Struct, frozen=True):
    """All of it: `GET /api/1/state`, and the event `state`. `users` are names to log in as."""

    sessionlab: str
    run: str
    at: float
    clusters: list[Cluster]
    tabs: list[Tab]
    crowd: Crowd
    choices: Choices
    users: list[str]
    unable: Unable = Unable()
    schema: int = SCHEMA
