"""Faults of a part as a whole: it ends, stands still, or wants to leave."""

from __future__ import annotations

import asyncio

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.faults.interface import Fault

NOTHING = Fault(
    "nothing happens: the run to compare with",
    lambda _, __: asyncio.sleep(0),
    lambda _, __: asyncio.sleep(0),
)
KILL_NODE = Fault("SIGKILL a node; its memory is gone", Cluster.kill, Cluster.start)
STOP_NODE = Fault("SIGTERM a node; it drains, then leaves", Cluster.stop, Cluster.start)
DRAIN_NODE = Fault(
    "a node asks to be drained, and serves its clients on",
    lambda cluster, node: cluster.faults.leave(node),
    lambda cluster, node: cluster.faults.stay(node),
)
PAUSE_NODE = Fault(
    "a node stands still, and keeps its connections",
    lambda cluster, node: cluster.faults.pause(node),
    lambda cluster, node: cluster.faults.resume(node),
)
STOP_REDIS = Fault(
    "SIGKILL the shared Redis; it comes back empty",
    lambda cluster, _: cluster.stop_redis(),
    lambda cluster, _: cluster.start_redis(),
)
KILL_BALANCER = Fault(
    "SIGKILL the balancer; what it has learned is gone",
    lambda cluster, _: cluster.kill_balancer(),
    lambda cluster, _: cluster.start_balancer(),
)
FREEZE_BALANCER = Fault(
    "the balancer stands still, and keeps its connections",
    lambda cluster, _: cluster.freeze_balancer(),
    lambda cluster, _: cluster.thaw_balancer(),
)
