"""What a workload tells: while it lasts, and what it came to."""

from __future__ import annotations

from msgspec import Struct, field


class Live(Struct, frozen=True):
    """The last second of all processes together; `at` is in seconds since the run began.

    `p50` and `p99` are milliseconds from when a request was to begin; None without any operation.
    `cpu` is the busiest process's share of a core.
    """

    at: float
    operations: int
    errors: int
    p50: float | None
    p99: float | None
    cpu: float


class Load(Struct, frozen=True):
    """A workload that is over.

    `errors` are the operations that were not served (`who` is `error`). Rates are operations a
    second; `rate_asked` is None in a closed loop. `cpu` is each process's share of a core, `cost`
    the CPU µs of the generator for one operation, `lag` the longest that an event loop was held up,
    in seconds. `warning` says in a sentence when the figures tell more of the generator than of the
    cluster, or a rate was not kept; empty otherwise. `failed` names the lab's own trouble that
    ended the workload early, with a `hint`; empty otherwise. `latency` are HDR histograms of µs
    (base64, as the library encodes them) by conversation.
    """

    operations: int
    errors: int
    seconds: float
    rate_asked: float | None
    rate_reached: float
    cpu: list[float]
    cost: float
    lag: float
    warning: str
    interrupted: bool
    latency: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    hint: str = ""
