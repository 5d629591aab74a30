"""What a person calls each of a story's clusters, where it has several.

The name of the part of the story that it belongs to, or else what its description has that the
others' have not. A pure function of the events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sessionlab.lab.events import Event

_FLAGS = {
    "one_key": ("", "a key for each node"),
    "redis_keeps": ("Redis keeps its data", ""),
    "tls": ("TLS", "no TLS"),
    "trust_balancer": ("the balancer is believed", "the balancer is not believed"),
}


def settings(scenario: str, events: Iterable[Event]) -> dict[str, str]:
    """A name for each cluster, by its label; none where there is only one."""
    starting = (event.data for event in events if event.kind == "cluster.starting")
    said = {str(data["cluster"]): data for data in starting if "cluster" in data}
    if len(said) < 2:  # noqa: PLR2004
        return {}
    facets = {label: _facets(data) for label, data in said.items()}
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
    for label, name in names.items():
        if not name or times[name] > 1:
            number = f"cluster {label.removeprefix(f'{scenario}-')}"
            names[label] = f"{name} ({number})" if name else number
    return names


def _facets(data: Mapping[str, Any]) -> dict[str, str]:
    affinity = data.get("affinity")
    return {
        "strategy": "/".join(dict.fromkeys(data.get("strategies", {}).values())),
        "balancer": "" if data.get("balancer", True) else "no balancer",
        "affinity": "no affinity" if affinity == "none" else f"affinity {affinity}",
        "algorithm": data.get("algorithm") or "",
        **{name: yes if data.get(name) else no for name, (yes, no) in _FLAGS.items()},
        **{f"--{name}": f"{name} {value}" for name, value in data.get("options", {}).items()},
    }
