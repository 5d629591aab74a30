"""Lives of users whose verdict is known because it was chosen before they were made up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from sessionlab.lab.record.history import Operation, ending_of, of_before
from sessionlab.lab.verdicts.fates import Fate

NODES = ("n1", "n2", "n3")


@dataclass
class Life:
    """Writes down one user's operations; `verdict` and `interruptions` are what must be found."""

    client: str
    tab: int = 0
    now: float = 0.0
    node: str = "n1"
    credential: int = 60
    cart: list[str] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    verdict: Fate = Fate.KEPT
    at: Operation | None = None
    interruptions: list[tuple[float, float]] = field(default_factory=list)
    down_since: float | None = None
    left: str | None = None

    def ask(self, method: str, path: str, status: int | None, **more: object) -> Operation:
        answered = status is not None and status < 500
        operation = Operation(
            self.client,
            method,
            path,
            self.now + 0.25,
            self.now + 0.75,
            ending_of(method, status, sent=True),
            status,
            node=self.node if answered else None,
            credential=self.credential,
            cluster="c",
            tab=self.tab,
        )
        operation = of_before(replace(operation, **more))  # type: ignore[arg-type]
        self.operations.append(operation)
        self.now += 1
        if answered and self.down_since is not None:
            self.interruptions.append((self.down_since, operation.completed))
            self.down_since = None
        return operation

    def say(
        self, conversation: str, who: str = "", status: int | None = 200, **more: object
    ) -> Operation:
        """A conversation with any app, and how it ended; `user` is itself unless said."""
        self.ask("POST", "/said", status, **more)
        user = more.get("user", self.client if who == "user" else None)
        said = replace(
            self.operations[-1],
            conversation=conversation,
            who=who,
            user=str(user) if user else None,
            path="/said",
            enters=conversation in ("login", "connect"),
        )
        self.operations[-1] = said
        return said

    def worsen(self, verdict: Fate, at: Operation) -> None:
        order = list(Fate)
        if order.index(verdict) > order.index(self.verdict):
            self.verdict, self.at = verdict, at

    # What happens

    def log_in(self, credential: int = 0) -> None:
        kept, self.credential = self.credential, credential
        self.ask("POST", "/login", 200, user=self.client)
        self.credential = kept

    def me(self) -> Operation:
        return self.ask("GET", "/me", 200, user=self.client)

    def read(self) -> Operation:
        return self.ask("GET", "/cart", 200, items=tuple(self.cart))

    def add(self, item: str) -> None:
        self.cart.append(item)
        self.ask("POST", "/cart", 200, item=item, items=tuple(self.cart))

    def try_to_add(self, item: str, *, arrives: bool) -> None:
        """An addition whose outcome stays unknown."""
        if arrives:
            self.cart.append(item)
        self.fail("POST", "/cart", None, item=item)

    def fail(self, method: str, path: str, status: int | None, **more: object) -> Operation:
        operation = self.ask(method, path, status, **more)
        if self.down_since is None:
            self.down_since = operation.invoked
        return operation

    def move(self, node: str) -> None:
        if node != self.node:
            self.left = self.left or self.node
            self.node = node
            self.worsen(Fate.MOVED, self.me())


STEPS = ("me", "read", "add", "unknown", "error", "move")


@st.composite
def lives(draw: st.DrawFn, client: str = "user-1") -> Life:
    """Any life that a session survives: its verdict is kept, or moved."""
    life = Life(client, node=draw(st.sampled_from(NODES)))
    life.log_in()
    for number, step in enumerate(draw(st.lists(st.sampled_from(STEPS), max_size=12))):
        item = f"{client}'s {number}"
        match step:
            case "me":
                life.me()
            case "read":
                life.read()
            case "add":
                life.add(item)
            case "unknown":
                life.try_to_add(item, arrives=draw(st.booleans()))
            case "error":
                life.fail("GET", "/me", draw(st.sampled_from([None, 500, 502, 503, 504])))
            case "move":
                life.move(draw(st.sampled_from(NODES)))
    life.read()
    return life


def merged(all_lives: list[Life]) -> list[Operation]:
    """Their operations as one history, in the order of completion."""
    operations = [op for life in all_lives for op in life.operations]
    return sorted(operations, key=lambda op: op.completed)
