"""Counters that the hot path adds to, and how a scrape reads them (Prometheus text format)."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from balancer.backend import Backend

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency buckets, in seconds."""
CONTENT_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """One worker's counters: whole numbers in lists, rendered only when somebody asks."""

    __slots__ = ("buckets", "connections", "latency_sum", "ours")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.latency_sum = 0.0
        self.connections = 0
        self.ours: dict[int, int] = {}

    def observe(self, seconds: float) -> None:
        """One answer passed on; from its request's head to its last byte."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.latency_sum += seconds

    def own(self, status: int) -> None:
        """One answer that the balancer made itself."""
        self.ours[status] = self.ours.get(status, 0) + 1


def render(metrics: Metrics, backends: Iterable[Backend], open_connections: int) -> str:
    """The whole exposition."""
    lines = ["# TYPE balancer_requests_total counter"]
    rows = list(backends)
    for backend in rows:
        label = f'service="{backend.service}",backend="{backend.name}"'
        lines += [
            f'balancer_requests_total{{{label},code="{code}xx"}} {number}'
            for code, number in enumerate(backend.by_class)
            if number
        ]
    for name, kind in (("failures", "counter"), ("retries", "counter"), ("active", "gauge")):
        metric = f"balancer_backend_{name}" + ("_total" if kind == "counter" else "")
        lines.append(f"# TYPE {metric} {kind}")
        lines += [
            f'{metric}{{service="{b.service}",backend="{b.name}"}} {getattr(b, name)}' for b in rows
        ]
    lines.append("# TYPE balancer_backend_up gauge")
    lines += [
        f'balancer_backend_up{{service="{b.service}",backend="{b.name}",state="{b.state}"}} '
        f"{int(b.takes_new)}"
        for b in rows
    ]
    lines.append("# TYPE balancer_own_answers_total counter")
    lines += [f'balancer_own_answers_total{{code="{c}"}} {n}' for c, n in metrics.ours.items()]
    lines += _histogram(metrics)
    lines += ["# TYPE balancer_connections gauge", f"balancer_connections {open_connections}"]
    return "\n".join(lines) + "\n"


def _histogram(metrics: Metrics) -> list[str]:
    name = "balancer_request_duration_seconds"
    lines = [f"# TYPE {name} histogram"]
    total = 0
    for bound, number in zip((*BOUNDS, "+Inf"), metrics.buckets, strict=True):
        total += number
        lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
    return [*lines, f"{name}_sum {metrics.latency_sum:.6f}", f"{name}_count {total}"]
