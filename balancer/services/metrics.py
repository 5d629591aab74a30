"""What a scrape reads: the workers' counters added up, in Prometheus's text format.

By the RED method: rate is `balancer_requests_total`, errors are its codes 5xx together with
`balancer_own_answers_total` and `balancer_backend_failures_total`, duration is
`balancer_request_duration_seconds`. `balancer_affinity_total` has the verdicts (`affinity`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.balancer.services.counters import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sessionlab.balancer.backends.backend import Backend

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """What one worker counts beside its services and backends."""

    __slots__ = ("connections", "exhausted", "ours", "unrouted")

    def __init__(self) -> None:
        self.connections = 0
        self.exhausted = 0
        """Connections to backends that could not be made for want of descriptors or memory."""
        self.ours: dict[int, int] = {}
        self.unrouted = 0
        """Requests that never got as far as a service."""

    def own(self, status: int) -> None:
        """One answer that the balancer made itself."""
        self.ours[status] = self.ours.get(status, 0) + 1

    def report(self) -> dict[str, Any]:
        """The counters as plain values."""
        return {
            "exhausted": self.exhausted,
            "unrouted": self.unrouted,
            "ours": {str(status): number for status, number in self.ours.items()},
        }


def total(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of several workers' reports, which may be of different backends."""
    whole: dict[str, Any] = {
        "backends": {},
        "connections": 0,
        "exhausted": 0,
        "unrouted": 0,
        "services": {},
        "began": {},
        "ours": {},
    }
    for report in reports:
        for name in ("connections", "exhausted", "unrouted"):
            whole[name] += report[name]
        for status, number in report["ours"].items():
            whole["ours"][status] = whole["ours"].get(status, 0) + number
        for name, counts in report["backends"].items():
            before = whole["backends"].get(name)
            whole["backends"][name] = counts if before is None else _add(before, counts)
        for name, began in report["began"].items():
            whole["began"][name] = max(began, whole["began"].get(name, 0.0))
        for name, counters in report["services"].items():
            _add_counters(whole["services"].setdefault(name, _no_counters()), counters)
    return whole


def _no_counters() -> dict[str, Any]:
    return {"buckets": [0] * (len(BOUNDS) + 1), "seconds": 0.0, "verdicts": {}}


def _add_counters(whole: dict[str, Any], counters: Mapping[str, Any]) -> None:
    whole["buckets"] = _sum(whole["buckets"], counters["buckets"])
    whole["seconds"] += counters["seconds"]
    for found, done, reason, number in counters["verdicts"]:
        key = (found, done, reason)
        whole["verdicts"][key] = whole["verdicts"].get(key, 0) + number


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _add(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    added: dict[str, Any] = {name: one[name] + other[name] for name in COUNTS}
    added["ejected"] = one["ejected"] or other["ejected"]
    added["classes"] = _sum(one["classes"], other["classes"])
    added["pins"] = max(one["pins"], other["pins"])  # each worker hears of every pin
    return added


COUNTS = ("active", "tunnels", "idle", "requests", "failures", "retries")
NOTHING: Mapping[str, Any] = {
    **dict.fromkeys((*COUNTS, "pins"), 0),
    "ejected": False,
    "classes": [0] * 10,
}
"""The counts of a backend that no worker knows yet."""


def render(whole: Mapping[str, Any], backends: Iterable[Backend]) -> str:
    """The exposition of the totals."""
    rows = [(b, whole["backends"].get(f"{b.service}/{b.name}", NOTHING)) for b in backends]
    return "\n".join([*_of_backends(rows), *_of_services(whole), *_of_all(whole)]) + "\n"


def _family(name: str, kind: str, text: str, samples: Iterable[str]) -> Iterator[str]:
    yield f"# HELP balancer_{name} {text}"
    yield f"# TYPE balancer_{name} {kind}"
    for sample in samples:
        yield f"balancer_{name}{sample}"


def _of_backends(rows: list[tuple[Backend, Mapping[str, Any]]]) -> Iterator[str]:
    yield from _family(
        *("requests_total", "counter", "Answers passed on, by the class of their status."),
        (
            f'{{{_label(backend)},code="{code}xx"}} {number}'
            for backend, counts in rows
            for code, number in enumerate(counts["classes"])
            if number
        ),
    )
    for name, kind, key, text in (
        ("backend_failures_total", "counter", "failures", "Requests that it did not answer."),
        ("backend_retries_total", "counter", "retries", "Requests tried again after it failed."),
        ("backend_active", "gauge", "active", "Requests under way."),
        ("backend_tunnels", "gauge", "tunnels", "Upgraded connections that are open."),
        ("backend_pins", "gauge", "pins", "Clients tied to it, seen within the idle time."),
    ):
        samples = (f"{{{_label(backend)}}} {counts[key]}" for backend, counts in rows)
        yield from _family(name, kind, text, samples)
    takes = (f"{{{_label(backend)}}} {int(backend.takes_new)}" for backend, _ in rows)
    yield from _family("backend_up", "gauge", "1 when it takes new clients.", takes)


def _label(backend: Backend) -> str:
    return f'service="{backend.service}",backend="{backend.name}"'


def _of_services(whole: Mapping[str, Any]) -> Iterator[str]:
    services = whole["services"]
    verdicts = [
        f'{{service="{name}",found="{found}",done="{done}",reason="{reason}"}} {number}'
        for name, counters in services.items()
        for (found, done, reason), number in counters["verdicts"].items()
    ]
    if whole["unrouted"]:
        verdicts.append(f'{{service="-",found="-",done="-",reason=""}} {whole["unrouted"]}')
    text = "Requests by their affinity verdict, in HAProxy's letters; - where nobody looked."
    yield from _family("affinity_total", "counter", text, verdicts)
    text = "Seconds from a request's head to the last byte of the answer passed on."
    histograms = (line for name, t in services.items() for line in _histogram(name, t))
    yield from _family("request_duration_seconds", "histogram", text, histograms)


def _histogram(service: str, counters: Mapping[str, Any]) -> Iterator[str]:
    so_far = 0
    for bound, number in zip((*BOUNDS, "+Inf"), counters["buckets"], strict=True):
        so_far += number
        yield f'_bucket{{service="{service}",le="{bound}"}} {so_far}'
    yield f'_sum{{service="{service}"}} {counters["seconds"]:.6f}'
    yield f'_count{{service="{service}"}} {so_far}'


def _of_all(whole: Mapping[str, Any]) -> Iterator[str]:
    ours = (f'{{code="{code}"}} {number}' for code, number in whole["ours"].items())
    text = "Answers that the balancer made itself, by status."
    yield from _family("own_answers_total", "counter", text, ours)
    text = "Connections to backends that the balancer itself had no room for."
    yield from _family("exhausted_total", "counter", text, [f" {whole['exhausted']}"])
    connections = [f" {whole['connections']}"]
    yield from _family("connections", "gauge", "Clients' connections.", connections)
