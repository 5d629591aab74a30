"""What became of each user: a pure function of a history, whether it was just made or read back.

A user that logged in is entitled to be known as itself, and to find in its cart what it put there,
until it logs out. Its verdict is the worst that happened to it:

=============  =====================================================================
kept           still logged in, at the same node, with its data
moved          another node answers it; still logged in, with its data
logged out     a request that carried its credential was answered 401, or errors
               ended only when it logged in anew
stuck          nothing but errors until it dropped its cookies, or to the run's end
wrong data     it was taken for somebody else, or its cart is not its own
=============  =====================================================================

Errors (no answer, or 5xx) that ended with the session still there are no verdict of their own but
an interruption. What a client did to itself (it logged out, it asked without its credential, it
asked a node past the balancer) is held against nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lab.carts import Cart
from lab.history import Operation


class Fate(StrEnum):
    """A user's verdict, from the best to the worst."""

    KEPT = "kept"
    MOVED = "moved"
    LOGGED_OUT = "logged out"
    STUCK = "stuck"
    WRONG_DATA = "wrong data"


_WORSE = list(Fate)
_OK, _UNAUTHORIZED, _SERVER_ERROR = 200, 401, 500


@dataclass(frozen=True, slots=True)
class Interruption:
    """Errors until an answer came; seconds since the run began."""

    began: float
    ended: float

    @property
    def milliseconds(self) -> int:
        return round((self.ended - self.began) * 1000)


@dataclass(frozen=True, slots=True)
class User:
    """What became of one client that logged in.

    `at` is the operation at which it happened, None for a user that was kept; `home` the node that
    had answered it until then; `says` what was wrong with its data.
    """

    client: str
    cluster: str
    fate: Fate
    at: Operation | None = None
    home: str | None = None
    says: str = ""
    interruptions: Sequence[Interruption] = ()
    tab: int = 0


def users(history: Iterable[Operation]) -> list[User]:
    """The verdict on every client that logged in, in the order of their first requests."""
    lives: dict[tuple[str, str], dict[int, list[Operation]]] = {}
    for operation in history:
        if not operation.direct:
            tabs = lives.setdefault((operation.cluster, operation.client), {})
            tabs.setdefault(operation.tab, []).append(operation)
    return [user for tabs in lives.values() for user in _of_one_name(list(tabs.values()))]


def tally(judged: Iterable[User]) -> dict[Fate, int]:
    """How many users each verdict fell on."""
    counts = Counter(user.fate for user in judged)
    return {fate: counts[fate] for fate in Fate}


def _of_one_name(tabs: list[list[Operation]]) -> list[User]:
    """The verdicts on all clients of one user; one that never logged in borrows a session."""
    own = [tab for tab in tabs if any(_is(op, "login") and op.status == _OK for op in tab)]
    everything = [op for tab in tabs for op in tab]
    return [_Life(tab, everything if len(own) == 1 else tab, everything).judge() for tab in own]


class _Life:
    """One client's operations, replayed. `session` are those of all who share its session."""

    def __init__(
        self, tab: list[Operation], session: list[Operation], everything: list[Operation]
    ) -> None:
        self._tab = tab
        self._cart = Cart(session, everything)
        self._logouts = [op for op in session if _is(op, "logout")]
        self._login: Operation | None = None
        self._home: str | None = None
        self._errors: list[Operation] = []
        self._interruptions: list[Interruption] = []
        self._fate = Fate.KEPT
        self._at: Operation | None = None
        self._left: str | None = None
        self._says = ""

    def judge(self) -> User:
        for operation in self._tab:
            self._replay(operation)
        if self._errors:
            self._became(Fate.STUCK, self._errors[0])
        return User(
            self._tab[0].client,
            self._tab[0].cluster,
            self._fate,
            self._at,
            self._left or self._home,
            self._says,
            tuple(self._interruptions),
            self._tab[0].tab,
        )

    def _replay(self, operation: Operation) -> None:
        if _is(operation, "login") and operation.status == _OK:
            self._log_in(operation)
        elif self._login is None or (_is(operation, "login") and operation.status == _UNAUTHORIZED):
            return  # it has nothing that could be lost, or a wrong password
        elif not operation.credential:
            self._asked_with_nothing(operation)
        elif self._has_logged_out(self._login, operation):
            self._answered(operation)
        elif _is_error(operation):
            self._errors.append(operation)
        elif operation.status == _UNAUTHORIZED:
            self._answered(operation)
            self._became(Fate.LOGGED_OUT, operation)
        else:
            self._served(self._login, operation)

    def _log_in(self, operation: Operation) -> None:
        if not operation.credential:
            self._asked_with_nothing(operation)
        elif self._errors:
            self._became(Fate.LOGGED_OUT, self._errors[0])
        self._answered(operation)
        if operation.user != operation.client:
            self._wrong(operation, f"{operation.client} was logged in as {operation.user}")
        self._login = operation
        self._home = operation.node

    def _asked_with_nothing(self, operation: Operation) -> None:
        """It has dropped its cookies; an answer now shows that what failed was due to them."""
        if _is_error(operation):
            return
        if self._errors:
            self._became(Fate.STUCK, self._errors[0])
        self._errors = []
        self._login = None

    def _has_logged_out(self, login: Operation, operation: Operation) -> bool:
        """Whether somebody in this session has asked to end it, however that went."""
        return any(
            login.completed <= logout.invoked <= operation.completed for logout in self._logouts
        )

    def _served(self, login: Operation, operation: Operation) -> None:
        self._answered(operation)
        if operation.user not in (None, operation.client):
            self._wrong(operation, f"{operation.client} was taken for {operation.user}")
        if wrong := self._cart.fault(operation, login):
            self._wrong(operation, f"{operation.client}'s cart: {wrong}")
        if operation.node and operation.node != self._home:
            self._became(Fate.MOVED, operation)
            self._home = operation.node

    def _answered(self, operation: Operation) -> None:
        if self._errors and not _is_error(operation):
            self._interruptions.append(Interruption(self._errors[0].invoked, operation.completed))
            self._errors = []

    def _wrong(self, operation: Operation, says: str) -> None:
        if self._fate is not Fate.WRONG_DATA:
            self._says = says
        self._became(Fate.WRONG_DATA, operation)

    def _became(self, fate: Fate, operation: Operation) -> None:
        if _WORSE.index(fate) > _WORSE.index(self._fate):
            self._fate, self._at, self._left = fate, operation, self._home


def _is(operation: Operation, what: str) -> bool:
    """Whether this asks for `/login` and so on, of whatever service."""
    return operation.path.rpartition("/")[2] == what


def _is_error(operation: Operation) -> bool:
    return operation.status is None or operation.status >= _SERVER_ERROR
