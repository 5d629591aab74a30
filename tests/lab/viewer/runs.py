"""Folders of runs, written by hand: users of three nodes, of which n2 is killed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.packed.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

BEGAN, KILLED = 10.0, 12.0  # in the run
NODES = ("n1", "n2", "n3")
REFUSED: dict[str, object] = {
    "node": "n1",
    "status": 401,
    "user": None,
    "who": "nobody",
    "outcome": Ending.FAILED,
    "verdict": "DI",
    "reason": "backend-down",
}


def asked(user: str, node: str, at: float, **more: object) -> Operation:
    """`GET /me`, answered as the user's; times count from the workload's beginning."""
    return replace(
        Operation(
            *(user, "GET", "/me", BEGAN + at, BEGAN + at + 0.01, Ending.OK, 200, node, user),
            credential=60,
            verdict="VN",
            cluster="one-1",
            conversation="me",
            who="user",
        ),
        **more,  # type: ignore[arg-type]
    )


def login(user: str, node: str, at: float) -> Operation:
    return asked(
        user,
        node,
        at,
        method="POST",
        path="/login",
        conversation="login",
        enters=True,
        credential=0,
    )


def life(user: str, node: str, last: int = 40) -> list[Operation]:
    """A request every tenth of a second; who was at n2 is sent to n1 once that is killed."""
    found = [login(user, node, 0.0)]
    for tenth in range(1, last):
        at, gone = tenth / 10, node == "n2" and BEGAN + tenth / 10 > KILLED
        served = asked(user, node, at)
        found.append(replace(served, **REFUSED) if gone else served)  # type: ignore[arg-type]
    return found


def crowd(names: Iterable[str], last: int = 40) -> list[Operation]:
    """Their lives, the nodes taking turns."""
    return [op for n, name in enumerate(names) for op in life(name, NODES[n % 3], last)]


def events(label: str = "one-1", story: str = "one") -> list[dict[str, object]]:
    told = {"strategies": {"app": "memory"}, "affinity": "cookie", "algorithm": "round-robin"}
    said: list[tuple[float, str, dict[str, object]]] = [
        (0.2, "cluster.starting", {**told, "balancer": "builtin", "nodes": 3}),
        (0.5, "cluster.ready", {"nodes": [*NODES]}),
        (KILLED + 0.01, "node.killed", {"node": "n2", "began": KILLED}),
        (KILLED + 0.02, "fault.began", {"fault": "kill-node", "part": "n2", "began": KILLED}),
        (13.0, "node.started", {"node": "n2"}),
        (13.0, "fault.ended", {"fault": "kill-node", "part": "n2", "began": 13.0}),
    ]
    begun = {"at": 0.1, "kind": "run.started", "scenario": "", "data": {"scenarios": [story]}}
    return [
        begun,
        *(
            {"at": at, "kind": kind, "scenario": story, "data": {"cluster": label, **data}}
            for at, kind, data in said
        ),
    ]


def experiment(folder: Path, operations: Sequence[Operation], **run: object) -> Path:
    """As `run FILE.toml --out` leaves it; `run` is what else its JSON says."""
    writer = Writer(folder, shards=2)
    for operation in sorted(operations, key=lambda op: op.completed):
        writer.append(operation)
    writer.close()
    write(folder / "events.jsonl", events())
    ended = max((op.completed for op in operations), default=BEGAN)
    scenario = {
        "name": "one",
        "title": "three nodes",
        "outcome": "broken",
        "requests": len(operations),
    }
    known = {"schema": 2, "experiment": "one", "file": "one.toml", "seed": 7, "balancer": "builtin"}
    known |= {"began": BEGAN, "ended": ended, "told": events()[1]["data"], "scenarios": [scenario]}
    (folder / "run.json").write_text(json.dumps({**known, **run}))
    return folder


def story(
    folder: Path,
    operations: Sequence[Operation],
    happened: Sequence[dict[str, object]] | None = None,
) -> Path:
    """As `run NAME --out` leaves it."""
    (folder / "one").mkdir(parents=True)
    started = {"at": BEGAN, "kind": "scenario.started", "scenario": "one", "data": {"title": "t"}}
    write(folder / "events.jsonl", [*(events() if happened is None else happened), started])
    (folder / "one" / "history.jsonl").write_text(History(operations).to_jsonl())
    claim = {"text": "n2's users are out", "expected": "yes", "observed": "yes", "holds": True}
    said = {"name": "one", "title": "A node dies", "outcome": "held", "seconds": 4.0}
    scenarios = [{**said, "requests": len(operations), "claims": [claim], "notes": ["by hand"]}]
    known = {"sessionlab": "0.1.0", "fabric": "local", "balancer": "builtin", "seed": 7}
    (folder / "run.json").write_text(json.dumps({**known, "scenarios": scenarios}))
    return folder


def write(path: Path, lines: Iterable[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
