"""Counters that the hot path adds to, and how a scrape reads them (Prometheus text format)."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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

    def report(self) -> dict[str, Any]:
        """The counters as plain values."""
        return {
            "buckets": self.buckets,
            "latency_sum": self.latency_sum,
            "ours": {str(status): number for status, number in self.ours.items()},
        }


def total(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of several workers' reports, which may be of different backends."""
    whole: dict[str, Any] = {
        "backends": {},
        "connections": 0,
        "buckets": [0] * (len(BOUNDS) + 1),
        "latency_sum": 0.0,
        "ours": {},
    }
    for report in reports:
        whole["connections"] += report["connections"]
        whole["latency_sum"] += report["latency_sum"]
        whole["buckets"] = _sum(whole["buckets"], report["buckets"])
        for status, number in report["ours"].items():
            whole["ours"][status] = whole["ours"].get(status, 0) + number
        for name, counts in report["backends"].items():
            before = whole["backends"].get(name)
            whole["backends"][name] = counts if before is None else _add(before, counts)
    return whole


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _add(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    added: dict[str, Any] = {name: one[name] + other[name] for name in COUNTS}
    added["ejected"] = one["ejected"] or other["ejected"]
    added["classes"] = _sum(one["classes"], other["classes"])
    return added


COUNTS = ("active", "idle", "requests", "failures", "retries")
NOTHING: Mapping[str, Any] = {**dict.fromkeys(COUNTS, 0), "ejected": False, "classes": [0] * 10}
"""The counts of a backend that no worker knows yet."""


def render(whole: Mapping[str, Any], backends: Iterable[Backend]) -> str:
    """The exposition of the totals."""
    rows = [(b, whole["backends"].get(f"{b.service}/{b.name}", NOTHING)) for b in backends]
    lines = ["# TYPE balancer_requests_total counter"]
    for backend, counts in rows:
        lines += [
            f'balancer_requests_total{{{_label(backend)},code="{code}xx"}} {number}'
            for code, number in enumerate(counts["classes"])
            if number
        ]
    for name, kind in (("failures", "counter"), ("retries", "counter"), ("active", "gauge")):
        metric = f"balancer_backend_{name}" + ("_total" if kind == "counter" else "")
        lines.append(f"# TYPE {metric} {kind}")
        lines += [f"{metric}{{{_label(backend)}}} {counts[name]}" for backend, counts in rows]
    lines.append("# TYPE balancer_backend_up gauge")
    lines += [f"balancer_backend_up{{{_label(b)}}} {int(b.takes_new)}" for b, _ in rows]
    lines.append("# TYPE balancer_own_answers_total counter")
    lines += [f'balancer_own_answers_total{{code="{c}"}} {n}' for c, n in whole["ours"].items()]
    lines += _histogram(whole["buckets"], whole["latency_sum"])
    lines += ["# TYPE balancer_connections gauge", f"balancer_connections {whole['connections']}"]
    return "\n".join(lines) + "\n"


def _label(backend: Backend) -> str:
    return f'service="{backend.service}",backend="{backend.name}"'


def _histogram(buckets: list[int], latency_sum: float) -> list[str]:
    name = "balancer_request_duration_seconds"
    lines = [f"# TYPE {name} histogram"]
    total_so_far = 0
    for bound, number in zip((*BOUNDS, "+Inf"), buckets, strict=True):
        total_so_far += number
        lines.append(f'{name}_bucket{{le="{bound}"}} {total_so_far}')
    return [*lines, f"{name}_sum {latency_sum:.6f}", f"{name}_count {total_so_far}"]
