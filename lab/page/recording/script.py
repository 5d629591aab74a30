"""The text of a scenario: what was done by hand is done again, and what was seen is claimed.

What somebody has typed (a name, an item) is in it as a Python literal only, never in a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.cluster import CLUSTER, SECRET, Wishes
from sessionlab.lab.errors import StepError
from sessionlab.lab.page.recording.laws import law_of
from sessionlab.lab.page.recording.lines import Lines
from sessionlab.lab.page.recording.literals import quoted
from sessionlab.lab.page.recording.steps import Who, steps, who_
from sessionlab.lab.verdicts.chance import TIES_NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.page.seen.live import Live

BY_HAND = "by-hand"
_MODULE = '''"""Recorded by hand on the page of `sessionlab up`: a scenario to start from.

A node is named by whose session it holds, for another run may send them elsewhere.
"""

from sessionlab import Client, Lab, main, scenario


@scenario({name}, {title})
async def by_hand(lab: Lab) -> None:
    async with lab.cluster({cluster}) as cluster:
{body}

if __name__ == "__main__":
    main(by_hand)
'''
_INDENT = " " * 8
_LONGEST = 100  # characters of a title


def script(
    live: Live,
    description: Description,
    browsers: Mapping[tuple[str, int], str] | None = None,
    name: str = BY_HAND,
) -> str:
    """Raises StepError where nothing was asked yet.

    `browsers` says of the clients that are tabs which browser each is of, by user and number;
    without it all are tabs, each of a browser of its own.
    """
    history = list(live.history)
    if not history:
        why = "nothing was asked there yet, so there is nothing to record"
        raise StepError(why, "log in, and ask something")
    of = {Who(*who): browser for who, browser in (browsers or {}).items()}
    tabs = {who_(op) for op in history} if browsers is None else set(of)
    did = steps(history, live.events, tabs)
    tied = description.affinity != "none" or description.algorithm not in TIES_NOTHING
    kin = {who: [other for other in of if of[other] == of[who]] for who in of}
    lines = Lines(law_of(did, kin, tied=tied), kin, did).all()
    body = "".join(f"{_INDENT}{line}\n" if line else "\n" for line in lines)
    said = {"name": quoted(name), "title": quoted(_cut(live.sentence))}
    return _MODULE.format(**said, cluster=_cluster(description), body=body)


def _cut(title: str) -> str:
    """As long as a title may be, at the end of a word."""
    return title if len(title) <= _LONGEST else f"{title[:_LONGEST].rpartition(' ')[0]} …"


def _cluster(description: Description) -> str:
    """The arguments that build the same; no secret is among them."""
    service = description.services[0]
    said = [f"nodes={service.nodes}"]
    if service.app:
        variant = f", variant={quoted(service.app.variant)}" if service.app.variant else ""
        said = [f"app={quoted(str(service.app.file.path.resolve()))}{variant}", *said]
    else:
        said = [quoted(service.strategy), *said]
        options = {k: v for k, v in service.options.items() if not any(s in k for s in SECRET)}
        said += [f"options={options!r}"] if options else []
    for name in Wishes.__annotations__:
        if (value := getattr(description, name)) != getattr(CLUSTER, name):
            said.append(f"{name}={quoted(value) if isinstance(value, str) else repr(value)}")
    return ", ".join(said)
