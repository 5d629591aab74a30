"""What a tab sends, and what came back, as the page says it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import structs

from sessionlab.lab.errors import LabError
from sessionlab.lab.page.desk.side import PATIENCE as PERSON
from sessionlab.lab.page.desk.told import can
from sessionlab.lab.page.desk.visitors import no_account
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.visitors import MOST_TIMES, Answer, Sent
from sessionlab.lab.page.seen.shown import no_answer, pin_says
from sessionlab.lab.viewer.charts import state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.desk.side import Side
    from sessionlab.lab.page.desk.sides import Sides
    from sessionlab.lab.page.desk.visitors import OpenTab
    from sessionlab.lab.page.model.visitors import Send
    from sessionlab.lab.page.seen.sendings import Sendings
    from sessionlab.lab.record import answers

LONGEST_ITEM = 64  # characters
PATIENCE = 20.0  # seconds after which the rest of a hundred is not sent


async def sent(tab: OpenTab, wanted: Send, sides: Sides, sendings: Sendings) -> Sent:
    """Send it to every cluster that is meant, side by side; one after the other to each."""
    named = [wanted.cluster] if wanted.cluster else [side.id for side in sides]
    chosen = [sides.running(id_) for id_ in named]
    _check(wanted, chosen)
    found = await asyncio.gather(*(_to(side, tab, wanted, sendings) for side in chosen))
    return Sent(
        [last for last, _ in found if last],
        {side.id: dict(counts) for side, (_, counts) in zip(chosen, found, strict=True)},
    )


async def _to(
    side: Side, tab: OpenTab, wanted: Send, sendings: Sendings
) -> tuple[Answer | None, Counter[str]]:
    counts: Counter[str] = Counter()
    until = time.monotonic() + PATIENCE
    last, client = None, tab.at[side.id]
    for number in range(wanted.times):
        if tab.at.get(side.id) is not client or (number and time.monotonic() > until):
            break  # the cluster or the tab is gone; or nobody waits that long
        item = wanted.item or f"item-{side.live.history.came + 1}"
        try:
            last = await ask(client, wanted.what, item, side, tab.id, sendings)
        except LabError:
            if tab.at.get(side.id) is client:
                raise
            break
        tab.last[side.id] = last
        counts[last.how] += 1
    return last, counts


async def ask(
    client: Client, what: str, item: str, side: Side, tab: str, sendings: Sendings
) -> Answer:
    """One conversation."""
    with sendings.timed(client, tab):
        if what == "login":
            answer = await client.try_login()
        else:
            answer = await client.do(what, item=item if what == "write" else None)
    said = shown(answer, side.id, what)
    if what == "login" and said.how == "refused" and (why := no_account(client.user, side)):
        said = structs.replace(said, said=f"{said.said}; {why}")
    return said


def shown(answer: answers.Answer, cluster: str, what: str, *, is_own: bool = True) -> Answer:
    """`is_own`: what it presented is what it was given."""
    op = answer.operation
    return Answer(
        cluster=cluster,
        at=round(op.completed, 3),
        what=what,
        method=op.method,
        path=op.path,
        status=op.status,
        node=op.node or "",
        how=state(op),
        who=op.who,
        user=op.user or "",
        reason=_why(answer),
        said=_said(answer, what),
        seconds=round(op.completed - op.invoked, 6),
        pin=op.verdict,
        pin_says=pin_says(op.verdict, op.reason, is_own=is_own),
        items=list(op.items) if op.items is not None else None,
    )


DONE = {
    "login": "{node} took {user}'s login",
    "me": "{node} knows {user}",
    "read": "{node} knows {user}",
    "write": "{node} took it for {user}",
    "logout": "{node} logged {user} out",
}


def _why(answer: answers.Answer) -> str:
    """Why it is no good answer, as whoever answered says it."""
    op = answer.operation
    if op.status is None:
        return no_answer(op.error or "", PERSON)
    return str(answer.body.get("detail") or "") or op.error or op.code


def _said(answer: answers.Answer, what: str) -> str:
    op = answer.operation
    node, how = op.node or "the balancer", state(op)
    if op.status is None:
        return f"no answer came: {_why(answer)}"
    if how == "ok":
        return DONE[what].format(node=node, user=op.user or op.client)
    why = f"{op.status}: {_why(answer)}".rstrip(".: ")
    if how == "refused":
        refuses = "did not let {0} in" if what == "login" else "does not know who this is"
        return f"{node} {refuses.format(op.client)} ({why})"
    return f"{node} could not serve this ({why})"


def _check(wanted: Send, chosen: Sequence[Side]) -> None:
    if not 1 <= wanted.times <= MOST_TIMES:
        raise WrongField("times", f"a tab sends 1 to {MOST_TIMES} at a time")
    if len(wanted.item) > LONGEST_ITEM or not wanted.item.isprintable():
        raise WrongField("item", f"an item here is one line of at most {LONGEST_ITEM} characters")
    for side in chosen:
        if wanted.what not in can(side.cluster.recipe):
            name = side.cluster.recipe.name
            raise WrongField("what", f"{name}'s recipe does not say how to {wanted.what}")
