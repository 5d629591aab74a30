"""What a story can break by name, each with what mends it again: see `Lab.fault`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.faults import parts
from sessionlab.lab.faults.machine import limits
from sessionlab.lab.faults.network import bad_link, partition

if TYPE_CHECKING:
    from sessionlab.lab.faults.interface import Fault

FAULTS: Variants[Fault] = Variants(
    "sessionlab.faults",
    {
        "nothing": parts.NOTHING,
        "kill-node": parts.KILL_NODE,
        "stop-node": parts.STOP_NODE,
        "drain-node": parts.DRAIN_NODE,
        "stop-redis": parts.STOP_REDIS,
        "pause-node": parts.PAUSE_NODE,
        "kill-balancer": parts.KILL_BALANCER,
        "freeze-balancer": parts.FREEZE_BALANCER,
        # The others need parts with a network and a share of the machine of their own.
        "partition-redis": partition("redis", "a node and Redis can't reach each other (docker)"),
        "partition-balancer": partition("balancer", "a node and the balancer likewise (docker)"),
        "slow-link": bad_link("all that a node sends is 100 ms late (docker)", delay=0.1),
        "narrow-link": bad_link("a node sends 64 kbit a second at most (docker)", rate=64_000),
        "lossy-link": bad_link("one in five packets to a node gets lost (docker)", loss=0.2),
        "little-cpu": limits("a node has a tenth of a processor (docker)", cpus=0.1),
        "little-memory": limits("a node has 96 MB of memory (docker)", memory=96_000_000),
    },
    *("summary", "inject", "heal"),
)
