"""What a credential is, who knows it, and why a forgery was refused: in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.credentials.short import Kind
    from sessionlab.lab.page.model.credentials import Forgery, Held, Stored
    from sessionlab.lab.page.model.visitors import Answer

_ID = "A session id: letters drawn at random, which say nothing by themselves. "
_WHY = {
    "signature-invalid": "Its signature does not fit what it says now, and only who has the nodes'"
    " key can make one that fits.",
    "algorithm-not-allowed": "The node takes one way of signing only, whatever a token says of"
    " itself; one without a signature proves nothing.",
    "key-unknown": "It names a key that the node does not have.",
    "token-expired": "It is over by its own date.",
    "token-not-yet-valid": "By its own date it is not good yet.",
    "issuer-wrong": "It names somebody else as the one who has issued it.",
    "audience-wrong": "It is meant for another app.",
    "type-wrong": "It says that it is another sort of token.",
    "claim-invalid": "Something that a token must say is missing, or makes no sense.",
    "credential-malformed": "It does not even have the form of one, so nobody was asked about it.",
    "session-unknown": "There is no session of that id where the node looks. Ids are drawn from"
    " more numbers than anybody could try.",
    "session-expired": "There was such a session, and it is over.",
}
_OWN_KEY = (
    "It is signed, but not by the nodes' key: a key of one's own makes no signature that fits."
)


def nothing(client: Client) -> str:
    """Of a tab that holds none."""
    if not client.can_log_in:
        return "This app is told name and password with each request: there is nothing to hold."
    return "This tab holds nothing: it has not logged in yet, or was told to forget what it held."


def of_a(
    kind: Kind, strategy: str, held: Sequence[Held], stored: Stored | None, trouble: str
) -> str:
    """What it is, and who knows it now. `trouble` says why Redis could not be looked at."""
    known = _known(held)
    if kind == "jwt":
        return (
            "A signed value (JWT): everybody can read it, and only who has the key can make one."
            f" Nobody keeps a copy. {known}"
        )
    if kind == "session-id" and strategy == "memory":
        return f"{_ID}They mean something only to a node that has them in its memory. {known}"
    if kind == "session-id" and strategy == "redis":
        there = "holds a session for it" if stored else "holds nothing for it"
        redis = f"Redis {there}." if not trouble else f"What Redis holds is not known: {trouble}."
        return f"{_ID}They mean something only to Redis, which every node asks. {redis} {known}"
    if kind == "session-id":
        return f"{_ID}What they mean, only the nodes can tell. {known}"
    return f"What its app made of it is for the app alone to read. {known}"


def _known(held: Sequence[Held]) -> str:
    knows = [one.node for one in held if one.knows]
    silent = [one.node for one in held if one.knows is None]
    said = f"{_names(knows)} know{'s' * (len(knows) == 1)} whose it is now"
    if not knows:
        said = "Of the nodes that answer, none knows it" if len(silent) < len(held) else ""
    rest = f"{_names(silent)} can't tell" if silent else ""
    return f"{'; '.join(filter(None, (said, rest)))}."


def _names(nodes: Sequence[str]) -> str:
    *some, last = nodes or [""]
    if len(some) > 3:  # noqa: PLR2004  a sentence, no list
        return f"{', '.join(some[:3])} and {len(nodes) - 3} more"
    return f"{', '.join(some)} and {last}" if some else last


def verdict(forgery: Forgery, value: str, before: str, code: str, answer: Answer) -> str:
    """Why that was refused, or believed. `code` is the node's own reason, where it gives one."""
    if answer.how == "refused":
        if code == "signature-invalid" and forgery.sign == "own-key" and forgery.value is None:
            return _OWN_KEY
        return _WHY.get(code) or "The app does not know whose it is" + (
            f": {answer.reason}." if answer.reason else ", and does not say why."
        )
    if answer.who != "user":
        return f"Nobody has looked at it: {answer.reason or 'no answer came'}."
    if value == before:
        return "Nothing was changed: it is what the tab holds, so it is good."
    if forgery.value is not None:
        return f"It is good: whoever shows it is taken for {answer.user}."
    return "It was believed, though nobody has signed what it says now: this app does not check it."
