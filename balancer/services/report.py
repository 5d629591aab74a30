"""What one process tells of itself: its counters and its tables of pins, as plain values.

`now` is Unix time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessionlab.balancer.services.registry import Cluster


def counters(cluster: Cluster, now: float) -> dict[str, Any]:
    """What its services and backends have counted; `metrics` adds up those of several."""
    services = cluster.services.values()
    tables = {s.name: s.affinity.table for s in services}
    pins = {name: {} if t is None else t.counts(now) for name, t in tables.items()}
    return {
        "backends": {
            f"{b.service}/{b.name}": {
                "active": b.active,
                "idle": len(b.pool.idle),
                "requests": b.requests,
                "failures": b.failures,
                "retries": b.retries,
                "ejected": bool(b.ejector.until),
                "classes": b.by_class,
                "pins": pins[b.service].get(b.name, 0),
            }
            for b in cluster.backends()
        },
        "began": {n: 0.0 if t is None else t.began for n, t in tables.items()},
        "services": {s.name: s.counters.report() for s in services},
    }


def pins(cluster: Cluster, now: float) -> list[dict[str, Any]]:
    """Every pin that lives here and not with its client."""
    return [
        {"service": service.name, **pin._asdict()}
        for service in cluster.services.values()
        if service.affinity.table is not None and service.policy.affinity != "cookie"
        for pin in service.affinity.table.pins(now)
    ]


def rows(cluster: Cluster) -> dict[str, Any]:
    """The whole of the tables, for a worker that starts in the place of one that died."""
    cluster.hear_pins()
    return {
        service.name: {
            "began": table.began,
            "rows": [[k.hex(), pin.hex(), since, seen] for k, pin, since, seen in table.rows()],
        }
        for service in cluster.services.values()
        if (table := service.affinity.table) is not None
    }


def restore(cluster: Cluster, told: dict[str, Any], now: float) -> None:
    """Take over `rows` of another worker."""
    for name, known in told.items():
        service = cluster.services.get(name)
        table = None if service is None else service.affinity.table
        if table is not None:
            taken = [
                (bytes.fromhex(key), bytes.fromhex(pin), since, seen)
                for key, pin, since, seen in known["rows"]
            ]
            table.take_over(known["began"], taken, now)
