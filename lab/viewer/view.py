"""What the viewer draws: a run as plain values, which are its JSON.

Python makes them (`building`), and the modules in `web/` draw them. All times are seconds since the
story, or the workload, began: what was done to set it up has negative ones. Latencies are
milliseconds. A name of a user, of a node or of anything else is text, never markup. No credential
is among them.

What is drawn may go on: the viewer is shown the same view again, with more in it.
"""

from __future__ import annotations

import json
from typing import Literal

import msgspec
from msgspec import Struct, field

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.verdicts.fates import Fate

SCHEMA = 1

State = Literal["ok", "refused", "failed", "unknown"]
"""How a request ended: done, its asker not known (or at fault, 4xx), an error, or nobody knows."""
Span = tuple[float, float, str, State]
"""From, to, the node that answered ("": the balancer itself, or nobody), how it went."""


class Node(Struct, frozen=True):
    """One node; `lives` are from when to when it could be sent a new client (null: to the end).

    `requests` are those that it has answered, `version` that of the app, "" where it says none.
    """

    name: str
    lives: list[tuple[float, float | None]]
    requests: int
    version: str


class Cluster(Struct, frozen=True):
    """What was put under load; "" where it is not known.

    `strategies` are those of our demo app, `app` is somebody's own. `store` is what all nodes ask.
    """

    name: str
    balancer: str = ""
    algorithm: str = ""
    affinity: str = ""
    strategies: list[str] = []
    app: str = ""
    store: Literal["redis"] | None = None
    nodes: list[Node] = []


class Bins(Struct, frozen=True):
    """Requests by when they were asked, in `count` bins of `width` seconds from `start` on.

    Every request is in one of `ok`, `refused`, `failed`, `unknown`; so is it in one of `nodes`, by
    who answered it ("": the balancer itself, or nobody). Latencies are null where nothing was
    asked.
    """

    start: float = 0.0
    width: float = 1.0
    count: int = 0
    ok: list[int] = []
    refused: list[int] = []
    failed: list[int] = []
    unknown: list[int] = []
    p50: list[float | None] = []
    p90: list[float | None] = []
    p99: list[float | None] = []
    nodes: dict[str, list[int]] = {}


class Fault(Struct, frozen=True):
    """Something that was broken on purpose, or a deploy; `to` is null where it lasts to the end."""

    began: float = field(name="from")
    ended: float | None = field(name="to")
    what: str
    part: str
    text: str


class Lane(Struct, frozen=True):
    """One user over time; `tab` tells several clients of one name apart, `why` what it was lost by.

    Neighbouring requests that went alike, at the same node, are one span.
    """

    name: str
    tab: int
    fate: Fate
    why: str
    spans: list[Span]


class Users(Struct, frozen=True):
    """How many fared how (`counts`), and lanes of some of them: those that were lost first.

    `sampled` says that not all have a lane.
    """

    total: int = 0
    lost: int = 0
    interrupted: int = 0
    longest_ms: int = 0
    counts: dict[Fate, int] = {}
    sampled: bool = False
    lanes: list[Lane] = []


class Step(Struct, frozen=True):
    """One request of a user, and its way: `node` is "" where the balancer answered itself, or none.

    `status` is null where no answer came, `pin` are the balancer's letters and `said` is what they
    mean; `who` is for whom it was taken, "" for nobody, and `how` what became of it. `marks` says
    that it is this one at which the user was lost.
    """

    at: float
    took: float
    what: str
    request: str
    status: int | None
    node: str
    pin: str
    said: str
    who: str
    how: State
    error: str
    note: str
    marks: bool


class Loss(Struct, frozen=True):
    """One user that was lost: at which moment, why, and its requests around it.

    `home` is the node that had answered it until then. `left_out` are requests between its login
    and the loss that are not among the steps.
    """

    user: str
    tab: int
    fate: Fate
    at: float
    home: str
    why: str
    left_out: int
    steps: list[Step]


class Losses(Struct, frozen=True):
    """`total` users were lost; `reasons` say it of all, and `shown` has the story of some."""

    total: int = 0
    reasons: list[str] = []
    shown: list[Loss] = []


class Percentiles(Struct, frozen=True):
    """How long a kind of request took, in milliseconds; `what` is "" for all of them."""

    what: str
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


class Finding(Struct, frozen=True):
    """What a check says; `figures` are the numbers that are known, as bounds name them."""

    check: str
    verdict: Verdict
    said: str
    figures: dict[str, float]
    evidence: list[str]


class Bound(Struct, frozen=True):
    """What a figure was to be (`sign` `limit` `unit`), what it was, and whether that is met."""

    text: str
    figure: str
    sign: str
    limit: float
    unit: str
    saw: str
    met: bool | None


class Prediction(Struct, frozen=True):
    """What a model said beforehand, and what was measured; `agrees` null: nothing was there to."""

    name: str
    predicted: str
    measured: str
    agrees: bool | None


class Claim(Struct, frozen=True):
    """What a story claimed; or a promise, a bound, a prediction of an experiment."""

    text: str
    expected: str
    observed: str
    holds: bool


class View(Struct, frozen=True):
    """One run: of a story with several clusters each has one of its own.

    `outcome` is that of the run's JSON (held, broken, error, skipped), "" where it has none.
    `notes` qualify what is said, `cut` says what of the run is missing, `sampled` what is not
    drawn. `started` is in seconds since 1970, 0 where nobody knows; `began` and `ended` are what
    the charts span, `seconds` how long all of it took, setting up and clearing away too, and
    `requests` how many there were in its time. `again` is the command that runs it again, "" where
    nobody knows.
    """

    name: str
    sentence: str
    kind: Literal["experiment", "scenario", "check", "watch"]
    cluster: Cluster
    schema: int = SCHEMA
    title: str = ""
    outcome: str = ""
    again: str = ""
    seed: int | None = None
    started: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0
    requests: int = 0
    bins: Bins = Bins()
    faults: list[Fault] = []
    users: Users = Users()
    losses: Losses = Losses()
    latency: list[Percentiles] = []
    findings: list[Finding] = []
    bounds: list[Bound] = []
    predictions: list[Prediction] = []
    claims: list[Claim] = []
    notes: list[str] = []
    cut: list[str] = []
    sampled: list[str] = []


class Row(Struct, frozen=True):
    """One thing that two runs are compared in."""

    what: str
    a: str
    b: str
    difference: str
    interval: str
    said: str


class Comparison(Struct, frozen=True):
    """Two runs beside each other; `level` is that of the intervals of what changed, 0 to 1."""

    a: str
    b: str
    level: float
    sentence: str
    rows: list[Row]
    notes: list[str] = []


class Page(Struct, frozen=True):
    """All that one page shows: the views behind a list, and how two of them compare."""

    sessionlab: str
    """Which release has made it."""
    title: str
    sentence: str
    views: list[View]
    schema: int = SCHEMA
    comparison: Comparison | None = None


def to_json(data: object) -> bytes:
    """A name may hold half of a surrogate pair, which is no character: it is escaped, then."""
    try:
        return msgspec.json.encode(data)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(data)).encode()
