"""What a person calls each of a story's clusters, where it has several.

The name of the part of the story that it belongs to, or else what its description has that the
others' have not. A pure function of the events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sessionlab.lab.events import Event

_FLAGS = {
    "one_key": ("", "a key for each node"),
    "redis_keeps": ("Redis keeps its data", ""),
    "tls": ("TLS", "no TLS"),
    "trust_balancer": ("the balancer is believed", "the balancer is not believed"),
}


def settings(scenario: str, events: Iterable[Event]) -> dict[str, str]:
    """A name for each cluster, by its label; none where there is only one."""
    said: dict[str, Mapping[str, object]] = {}
    for event in events:
        if event.kind == "cluster.starting" and isinstance(label := event.data.get("cluster"), str):
            said[label] = event.data
    if len(said) < 2:  # noqa: PLR2004
        return {}
    facets = {label: dict(_facets(data)) for label, data in said.items()}
    differing = [
        name
        for name in dict.fromkeys(name for own in facets.values() for name in own)
        if len({own.get(name) for own in facets.values()}) > 1
    ]
    plain = "default options" if any(name.startswith("--") for name in differing) else ""
    names = {
        label: str(said[label].get("part") or "")
        or ", ".join(own[name] for name in differing if own.get(name))
        or plain
        for label, own in facets.items()
    }
    times = Counter(names.values())
    return {
        label: name if name and times[name] == 1 else _numbered(name, label, scenario)
        for label, name in names.items()
    }


def _numbered(name: str, label: str, scenario: str) -> str:
    number = f"cluster {label.removeprefix(f'{scenario}-')}"
    return f"{name} ({number})" if name else number


def _facets(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    strategies = data.get("strategies")
    if isinstance(strategies, dict):
        yield "strategy", "/".join(dict.fromkeys(map(str, strategies.values())))
    if "balancer" in data:
        yield "balancer", "" if data["balancer"] else "no balancer"
    if affinity := data.get("affinity"):
        yield "affinity", "no affinity" if affinity == "none" else f"affinity {affinity}"
    if algorithm := data.get("algorithm"):
        yield "algorithm", str(algorithm)
    for name, (yes, no) in _FLAGS.items():
        if name in data:
            yield name, yes if data[name] else no
    options = data.get("options")
    for name, value in options.items() if isinstance(options, dict) else ():
        yield f"--{name}", f"{name} {value}"
