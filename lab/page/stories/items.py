"""What a story does and what comes of it, item by item, in an order that one can follow."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from sessionlab.lab.cluster.cluster import PART
from sessionlab.lab.events import PART_TOLD, STEP
from sessionlab.lab.page.model.stories import Item
from sessionlab.lab.page.stories import words
from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.not_shown import KIND, not_shown
from sessionlab.lab.verdicts.pins import in_words
from sessionlab.lab.viewer.charts import state

if TYPE_CHECKING:
    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation

MOST_IN_A_STEP, MOST_CHANGES = 200, 100


class Items(History):
    """Hears a story's events, and is the history that its requests are written to.

    Parts that are told side by side become items one part after the other. Of more requests in one
    step than can be followed those are left out at which nothing has changed for their client.
    """

    def __init__(self, file: str) -> None:
        super().__init__()
        self.told: list[Item] = []
        self.left_out = 0
        self._file = file
        self._described: dict[str, dict[str, Any]] = {}
        self._nodes: dict[str, list[str]] = {}
        self._at: dict[str, str] = {}  # the cluster that a part of the story has started last
        self._last: dict[tuple[str, str, int], str] = {}
        self._shown: Counter[tuple[str, str]] = Counter()
        self._omitted: Counter[str] = Counter()
        self._turn = ""
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._over: set[str] = set()

    def append(self, operation: Operation) -> None:
        super().append(operation)
        part, how = PART.get(), state(operation)
        key = (operation.cluster, operation.client, operation.tab)
        changed = self._last.get(key) != how
        self._last[key] = how
        self._shown[part, "changed" if changed else ""] += 1
        of_it = self._shown[part, "changed"], self._shown[part, ""]
        if sum(of_it) > MOST_IN_A_STEP and not (changed and of_it[0] <= MOST_CHANGES):
            self.left_out += 1
            self._omitted[part] += 1
            return
        self._add("request", operation.completed, **_request(operation, how))

    def forget(self) -> None:
        """Keep what is told, and no longer what it was made of."""
        self._operations.clear()

    def hear(self, event: Event) -> None:
        """Every event of the story, its steps among them."""
        data: dict[str, Any] = dict(event.data)
        where = str(data.get("cluster", ""))
        match event.kind:
            case "cluster.starting":
                self._described[where] = data
            case "cluster.ready":
                self._nodes[where], self._at[PART.get()] = [*data["nodes"]], where
                self._begin(event, "cluster", **self._cluster(where))
            case _ if event.kind == STEP:
                at = where or self._at.get(PART.get(), "")
                self._begin(event, "step", text=words.of_step(data), cluster=at, line=self._line())
            case "claim.judged":
                self._begin(event, "claim", line=self._line(), **data)
            case _ if event.kind == PART_TOLD:
                self._next_part()
            case _ if event.kind == KIND:
                self.note(str(not_shown([event])[0]), event.at)
            case _ if text := words.of_event(event.kind, data):
                self._happened(event, where, text)

    def note(self, text: str, at: float) -> None:
        """Something else to know of it."""
        self._add("note", at, text=text)

    def _happened(self, event: Event, where: str, text: str) -> None:
        part = str(event.data.get("node") or event.data.get("part") or "")
        nodes = self._nodes.setdefault(where, [])
        if event.kind == "node.added":
            nodes.append(part)
        elif event.kind == "node.removed" and part in nodes:
            nodes.remove(part)
        said = {"event": event.kind, "part": part, "nodes": [*nodes]}
        self._add("event", event.at, text=text, cluster=where, **said)

    def _cluster(self, where: str) -> dict[str, Any]:
        data = self._described.get(where, {})
        names = ("balancer", "affinity", "algorithm")
        settings = {name: str(data[name]) for name in names if data.get(name)}
        strategies = "/".join(dict.fromkeys(data["strategies"].values()))
        settings |= {"strategy": strategies} if strategies else {}
        settings |= {"redis": "1"} if data.get("redis") else {}
        text, nodes = words.of_cluster(data), [*self._nodes[where]]
        return {"text": text, "cluster": where, "settings": settings, "nodes": nodes}

    def _begin(self, event: Event, kind: str, **data: Any) -> None:
        """Something with which another stretch of requests begins."""
        part = PART.get()
        self._shown[part, ""] = self._shown[part, "changed"] = 0
        left_out = self._omitted.pop(part, 0)
        self._add(kind, event.at, **data, left_out=left_out)

    def _add(self, kind: str, at: float, **data: Any) -> None:
        part = PART.get()
        self._turn = self._turn or part
        item = {"at": round(at, 4), "kind": kind, **data}
        if part in ("", self._turn):
            self._put(item)
        else:
            self._waiting.setdefault(part, []).append(item)

    def _put(self, item: dict[str, Any]) -> None:
        self.told.append(Item(n=len(self.told), **item))

    def _next_part(self) -> None:
        self._over.add(PART.get())
        while self._turn in self._over:
            self._turn = next(iter(self._waiting), "")
            for item in self._waiting.pop(self._turn, ()):
                self._put(item)

    def _line(self) -> int:
        """Where the story itself is; whoever tells a step was called from there."""
        frame = sys._getframe(1)  # noqa: SLF001  as `warnings` does it
        while frame.f_back and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame.f_lineno if frame.f_code.co_filename == self._file else 0


def _request(operation: Operation, how: str) -> dict[str, Any]:
    moved = operation.reason and in_words(operation.verdict, operation.reason)
    return {
        "cluster": operation.cluster,
        "user": operation.client,
        "tab": operation.tab,
        "what": operation.conversation or "request",
        "request": f"{operation.method} {operation.path}",
        "status": operation.status,
        "node": operation.node or "",
        "how": how,
        "pin": operation.verdict,
        "took": round(operation.completed - operation.invoked, 5),
        "reason": "; ".join(filter(None, (operation.code, operation.error, moved))),
        "text": "past the balancer" if operation.direct else "",
    }
