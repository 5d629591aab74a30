"""States of the page as its server tells them, of clusters that nobody has to start."""

from __future__ import annotations

from sessionlab.lab.bench.requests import Hops
from sessionlab.lab.page.model.state import Action, Choice, Choices, Cluster, Part, State
from sessionlab.lab.page.model.visitors import Credential, Crowd, Holding, Request, Tab

STRATEGIES = ("memory", "redis", "jwt")


def state(nodes: int = 3) -> State:
    """Alice at a cluster of so many nodes."""
    names = [f"n{number}" for number in range(1, nodes + 1)]
    parts = [Part("balancer", "balancer", "127.0.0.1:8080", "running", 100)]
    parts += [Part(name, "node", "127.0.0.1:1", "running", 101, "up", sessions=1) for name in names]
    holds = Holding(Credential("5f0c1a9e", "session-id", "5f0c…"), "kept")
    cluster = Cluster(
        "a", 1, "ready", "", "http://127.0.0.1:8080", "memory", "builtin", "none", "round-robin",
        nodes, "local", sentence="Nobody was lost.", parts=parts,
        actions=[Action("kill", "gone at once", True, names), Action("add", "one more", False, [])],
    )  # fmt: skip
    choices = Choices(
        strategies=[Choice(name, f"sessions by {name}") for name in STRATEGIES],
        algorithms=[Choice("round-robin", "each in turn")],
        affinities=[Choice("none", "balanced anew"), Choice("cookie", "a cookie names the node")],
    )
    tabs = [Tab("t1", "alice", 1, "b1", {"a": holds})]
    return State("0.0", "run", 1.0, [cluster], tabs, Crowd(), choices, ["alice", "bob"])


def request(node: str, how: str = "ok", status: int = 200, at: float = 2.0) -> Request:
    """One of alice's."""
    hops = Hops(0.0031, 0.0024, 0.0018, 0.0006)
    return Request(
        at, "alice", "GET", "/me", node, status, "" if how == "ok" else "session unknown here",
        0.0024, "5f0c1a9e", tab="t1", how=how, hops=hops, pin="NN", pin_says="there was no pin",
    )  # fmt: skip
