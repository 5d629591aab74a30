"""What became of each user: a pure function of a history, whether it was just made or read back.

A user that logged in is entitled to be known as itself, and to find in its cart what it put there,
until it logs out. Where there is no login, to connect is one. Whether a login has begun a session
is for `me` to say, never for its status: a failed one often ends well, on the form.

Its verdict is the worst that happened to it:

=============  =====================================================================
kept           still logged in, at the same node, with its data
moved          another node answers it; still logged in, with its data
logged out     a request that carried its credential was answered as nobody's, or
               errors ended only when it logged in anew, or no request after a login
               was ever answered as that user's
stuck          nothing but errors, to a login too, or until it dropped its cookies, or
               to the run's end; also who asked to log in, and got nothing but errors,
               or was refused (4xx) and then was nobody
wrong data     it was taken for somebody else, or its cart is not its own
=============  =====================================================================

Errors that ended with the session still there are no verdict of their own but an interruption;
`classify` says what an error is, and what ends one. What a client did to itself (it logged out, it
logged in anew while it asked, it asked without its credential, it gave up waiting, it asked a node
past the balancer) is held against nobody. Nor is the lab's own trouble: it ends the story, and
nothing is recorded.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.cart import shows_several
from sessionlab.lab.verdicts.classify import is_error
from sessionlab.lab.verdicts.life import Fate, Interruption, Life, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.record.history import Operation

__all__ = ["Fate", "Interruption", "User", "tally", "users"]


def users(history: Iterable[Operation], *, adds: bool | None = None) -> list[User]:
    """The verdict on every client that logged in or tried to, in the order of their requests.

    `adds` says whether the app keeps all that is written; without it, what they were shown does.
    """
    operations = list(history)
    adds = shows_several(operations) if adds is None else adds
    lives: dict[tuple[str, str], dict[int, list[Operation]]] = {}
    for operation in operations:
        if not operation.direct:
            tabs = lives.setdefault((operation.cluster, operation.client), {})
            tabs.setdefault(operation.tab, []).append(operation)
    return [
        user for tabs in lives.values() for user in _of_one_name(list(tabs.values()), adds=adds)
    ]


def tally(judged: Iterable[User]) -> dict[Fate, int]:
    """How many users each verdict fell on."""
    counts = Counter(user.fate for user in judged)
    return {fate: counts[fate] for fate in Fate}


def _of_one_name(tabs: list[list[Operation]], *, adds: bool) -> list[User]:
    """The verdicts on all clients of one user; one that never logged in borrows a session."""
    own = [tab for tab in tabs if any(_is_answered_entry(op) for op in tab)]
    if not own:
        return [user for tab in tabs if (user := _never_in(tab))]
    everything = [op for tab in tabs for op in tab]
    lives = [Life(tab, everything if len(own) == 1 else tab, everything, adds=adds) for tab in own]
    return [user for life in lives if (user := life.judge())]


def _is_answered_entry(operation: Operation) -> bool:
    return operation.enters and not is_error(operation)


def _never_in(tab: list[Operation]) -> User | None:
    """The verdict on a client whose logins were not answered, or by errors only."""
    logins = [op for op in tab if op.enters and not op.given_up]
    if not logins:
        return None
    return User(tab[0].client, tab[0].cluster, Fate.STUCK, at=logins[0], tab=tab[0].tab)
