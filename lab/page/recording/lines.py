"""The lines of a story, step by step: what is done, and what is claimed of what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.page.recording.laws import ENDS, Alike, Law, told
from sessionlab.lab.page.recording.literals import ORDER, identifier, quoted
from sessionlab.lab.page.recording.steps import DOES, Asked, Asks, Came, Done, says_who

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.page.recording.laws import Claim, Sessions
    from sessionlab.lab.page.recording.steps import Step, Who

_ITEMS = 20  # in a claim
_HURRY = 3.0  # seconds that clients wait, where a part was frozen
_SEEN = {
    Law.ANYWHERE: (" if client in sessions", "answer.recognised"),
    Law.WHILE_IT_LIVES: (" if client in sessions", "answer.recognised"),
    Law.AT_HOME: (" if answer.node == sessions.get(client)", "answer.recognised"),
    Alike.KNOWN: ("", "answer.recognised"),
    Alike.NOBODY: ("", 'answer.who == "nobody"'),
    Alike.FAILED: ("", 'answer.who == "error"'),
}
"""Of whom it must be seen, and what."""


class Lines:
    """The lines of the story, step by step."""

    def __init__(self, law: Law, kin: Mapping[Who, Sequence[Who]], steps: Sequence[Step]) -> None:
        self._law, self._kin, self._steps = law, kin, steps
        self._names: dict[Who, str] = {}
        self._nodes: dict[str, str] = {}
        self._after = ""
        frozen = any(isinstance(step, Done) and step.kind == "part.paused" for step in steps)
        self._patience = f", patience={_HURRY}" if frozen else ""

    def all(self) -> Iterator[str]:
        yield from self._cast()
        for step, sessions, claim in told(self._steps, self._kin, self._law):
            if isinstance(step, Done):
                yield from ("", *self._done(step, sessions))
            elif isinstance(step, Came):
                everyone = "zip(crowd, await lab.everyone(crowd, Client.try_login))"
                yield f"for client, answer in {everyone}:"
                yield "    sessions[client] = answer.node"
            elif isinstance(step, Asked):
                yield from self._entry(step, sessions)
            else:
                yield from (*self._asks(step), *self._claimed(step, claim))

    def _cast(self) -> Iterator[str]:
        """Everybody who is in it, each with a name that is one in Python."""
        for step in self._steps:
            asks = step.asked if isinstance(step, Asks) else ()
            for who in [one.who for one in ([step] if isinstance(step, Asked) else asks)]:
                if who in self._names:
                    continue
                name = identifier(who.user, {*self._names.values()})
                yield f"{name} = cluster.client({quoted(who.user)}{self._patience})"
                before = [self._names[one] for one in self._kin.get(who, ()) if one in self._names]
                if before:
                    yield f"{name}.share({before[0]})  # two tabs of one browser"
                self._names[who] = name
        if coming := [len(step.operations) for step in self._steps if isinstance(step, Came)]:
            yield f"crowd = cluster.clients({max(coming)}{self._patience})"
        yield "sessions: dict[Client, str | None] = {}  # who is logged in, and where that was"
        yield ""

    def _entry(self, step: Asked, sessions: Sessions) -> Iterator[str]:
        client, op = self._names[step.who], step.operation
        kin = [self._names[one] for one in self._kin.get(step.who, ()) if one in self._names]
        if op.conversation == "logout":
            self._after = "After a logout"
            yield f'await {client}.do("logout")'
            yield from (f"sessions.pop({one}, None)" for one in kin or [client])
        elif op.recognised:
            self._after = "After a new login" if self._after or step.who in sessions else ""
            given = " = ".join(f"sessions[{one}]" for one in kin or [client])
            yield f"{given} = (await {client}.login()).node"
        else:
            yield f"await {client}.try_login()  # it did not get in"

    def _asks(self, asks: Asks) -> Iterator[str]:
        """What says who was known is in `asked`, in order; the rest comes before."""
        for one in asks.asked:
            if not says_who(one):
                yield from self._silent(one)
        if not asks.answers:
            return
        yield "asked = ["
        for one in filter(says_who, asks.asked):
            does = f"({self._names[one.who]}, await {self._does(one)})"
            times = len(one.operations)
            yield f"    {does}," if times == 1 else f"    *[{does} for _ in range({times})],"
        if asks.crowd:
            yield "    *zip(crowd, await lab.everyone(crowd, Client.me)),"
        yield "]"

    def _does(self, asked: Asked) -> str:
        op = asked.operation
        item = quoted(op.item or "") if op.conversation == "write" else ""
        return f"{self._names[asked.who]}.{op.conversation}({item})"

    def _silent(self, asked: Asked) -> Iterator[str]:
        """Something that is done; where a cart was seen, that it is the same again."""
        *_, last = asked.operations
        items = last.items
        if items is None or len(items) > _ITEMS or self._law is Law.AT_HOME:
            times = len(asked.operations)
            yield from [f"for _ in range({times}):"] if times > 1 else []
            yield f"{'    ' if times > 1 else ''}await {self._does(asked)}"
            return
        yield from self._claim(
            "What was put into a cart is in it",
            f"[{', '.join(map(quoted, items))}]",
            f"(await {self._does(asked)}).items",
        )

    def _claimed(self, asks: Asks, claim: Claim) -> Iterator[str]:
        if claim is None:
            if asks.answers:
                yield "# These answers had no rule in common: claim here what must be seen of them."
            return
        which, seen = _SEEN[claim]
        yield from self._claim(
            claim.value,
            f"[client.user for client, answer in asked{which}]",
            f"[client.user for client, answer in asked if {seen}]",
        )
        if claim is Alike.NOBODY:
            yield from ("for client, _ in asked:", "    sessions.pop(client, None)")

    def _claim(self, text: str, expected: str, observed: str) -> Iterator[str]:
        said = f"{self._after}: {text[0].lower()}{text[1:]}" if self._after else text
        yield from ("lab.claim(", f"    {quoted(said)},", f"    expected={expected},")
        yield from (f"    observed={observed},", ")")

    def _done(self, done: Done, sessions: Sessions) -> Iterator[str]:
        if done.kind == "deploy" and done.part == "failed":
            yield "# A deploy was tried here, and failed."
            return
        does, self._after = DOES[done.kind]
        given: tuple[str, ...] = ()
        if done.kind == "deploy":
            given = (quoted(_deploy(done)), quoted(str(done.data.get("version"))))
        elif done.part in ("balancer", "redis"):
            given = (quoted(done.part),)
        elif done.kind == "node.added":
            name = self._nodes[done.part] = self._new()
            yield f"{name} = (await cluster.{does}).name"
            return
        else:
            if done.part not in self._nodes:
                yield from self._named(done.part, sessions)
            given = (self._nodes[done.part],)
        yield f"await cluster.{does.format(*given)}"
        if self._law is Law.ANYWHERE:
            return
        if done.kind == "deploy":
            yield "sessions.clear()  # those were in the memories of nodes that are gone"
        elif done.kind in ENDS:
            those = f"in sessions.items() if home != {self._nodes[done.part]}"
            yield f"sessions = {{client: home for client, home {those}}}"

    def _named(self, node: str, sessions: Sessions) -> Iterator[str]:
        """A name for a node: that of somebody's session, or one that nobody has a session on."""
        before = [*self._nodes.values()]
        name = self._nodes[node] = self._new()
        free = f"home not in ({', '.join(before)},)" if before else ""
        yield f"# It was {node} when this was recorded."
        holders = (self._names[who] for who, home in sessions.items()
                   if home == node and who in self._names)  # fmt: skip
        holder = next(holders, "")
        if holder and not free:
            yield f"{name} = sessions[{holder}]"
            return
        among = "sessions.values()" if node in sessions.values() else "cluster.nodes"
        none = "home not in sessions.values()" if among == "cluster.nodes" else ""
        where = " and ".join(filter(None, [none, free]))
        yield f"{name} = next(home for home in {among}{f' if {where}' if where else ''})"

    def _new(self) -> str:
        count = len(self._nodes)
        return ORDER[count] if count < len(ORDER) else f"node_{count + 1}"


def _deploy(done: Done) -> str:
    """The name of how it was deployed, whatever its settings; the usual way where it has none."""
    of = {type(DEPLOYS.make(name)).__name__: name for name in DEPLOYS.summaries()}
    return of.get(str(done.data.get("how")).partition("(")[0], "rolling")
