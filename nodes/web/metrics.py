"""What a node counts, in a registry of its own. Every label has a bounded set of values."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The node's counters."""

    def __init__(self, node: str, service: str, version: str, strategy: str) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "sessionlab_requests",
            "Requests answered, by the route's template.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "sessionlab_request_seconds",
            "Seconds from the request's headers to its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._logins = Counter(
            "sessionlab_logins", "Logins, by result.", ["result"], registry=self._registry
        )
        self._logouts = Counter(
            "sessionlab_logouts",
            "Logouts, by whether they ended anything.",
            ["result"],
            registry=self._registry,
        )
        self._authentications = Counter(
            "sessionlab_authentications",
            "Credentials looked at: ok, or why not.",
            ["result"],
            registry=self._registry,
        )
        info = Gauge(
            "sessionlab_node_info",
            "Always 1: what this node is.",
            ["node", "service", "version", "strategy"],
            registry=self._registry,
        )
        info.labels(node, service, version, strategy).set(1)

    def watch_sessions(self, count: Callable[[], int]) -> None:
        """Show how many sessions this process holds."""
        gauge = Gauge("sessionlab_sessions", "Sessions alive in memory.", registry=self._registry)
        gauge.set_function(count)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def login(self, result: str) -> None:
        self._logins.labels(result).inc()

    def logout(self, result: str) -> None:
        self._logouts.labels(result).inc()

    def authentication(self, result: str) -> None:
        self._authentications.labels(result).inc()

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self._registry)
