"""Tabs of browsers, which are real clients; what they send, and what came back."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sessionlab.lab.bench import requests

What = Literal["login", "me", "read", "write", "logout"]
MOST_TIMES, MOST_TABS, MOST_CROWD, MOST_RATE = 100, 20, 200, 500


class Answer(Struct, frozen=True):
    """What one conversation came to, for its client.

    `how` is ok, refused, failed or unknown (a view's states); `who` is user, nobody, error or "";
    `said` is one plain sentence. `pin` are the balancer's letters, `pin_says` what they mean.
    """

    cluster: str
    at: float
    what: str
    method: str
    path: str
    status: int | None
    node: str
    how: str
    who: str
    user: str
    reason: str
    said: str
    seconds: float
    pin: str = ""
    pin_says: str = ""
    items: list[str] | None = None


class Credential(Struct, frozen=True):
    """What a tab holds, in short: `mark` tells whether two are the same, `short` is for the eye."""

    mark: str
    kind: Literal["session-id", "jwt", "other"]
    short: str


class Holding(Struct, frozen=True):
    """A tab at one cluster: what it holds there (null: nothing), what became of it so far.

    `fate` is that of its user ("" before there is one), `last` the answer that it got last.
    """

    credential: Credential | None = None
    fate: str = ""
    last: Answer | None = None


class Tab(Struct, frozen=True):
    """A tab of somebody's browser. Tabs of one `browser` share cookies, as they do in reality."""

    id: str
    user: str
    number: int
    browser: str
    at: dict[str, Holding]


class Crowd(Struct, frozen=True):
    """Users who ask who they are again and again: how many, and requests a second altogether."""

    users: int = 0
    rate: float = 0.0
    does: str = "me"


class NewTab(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /tabs`: a new browser for `user`, or a second tab of that of tab `beside`."""

    user: str = ""
    beside: str = ""


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /tabs/ID/send`: at every cluster of the page, or only at `cluster`."""

    what: What
    times: int = 1
    item: str = ""
    cluster: str = ""


class Sent(Struct, frozen=True):
    """`answers` are the last of each cluster, `counts` all of them by how, for each cluster."""

    answers: list[Answer]
    counts: dict[str, dict[str, int]]


class NewCrowd(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /crowd`; 0 users send it home."""

    users: int
    rate: float = 10.0


class Request(requests.Request, frozen=True):
    """The event `request`: a request and its answer, whoever sent it, as whoever answered logs it.

    As in docs/bench.md, and besides: `cluster`; `tab` that sent it, "" for a stranger's; `pin_says`
    in words what the balancer's letters mean; `how` (ok, refused, failed, unknown).
    """

    cluster: str = "a"
    tab: str = ""
    pin_says: str = ""
    how: str = "ok"


class Rate(Struct, frozen=True):
    """The event `rate`, once a second while there are requests: how many there were, and went how.

    `shown` of them were sent as events; the others were left out, for they were too many.
    """

    cluster: str
    at: float
    total: int
    shown: int
    how: dict[str, int]
    nodes: dict[str, int]
