"""One client's operations, replayed: see `fates` for what the verdicts are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.cart import Cart
from sessionlab.lab.verdicts.classify import (
    is_error,
    is_refused,
    is_success,
    may_be_tied,
    refuses,
    vouches,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.record.history import Operation


class Fate(StrEnum):
    """A user's verdict, from the best to the worst."""

    KEPT = "kept"
    MOVED = "moved"
    LOGGED_OUT = "logged out"
    STUCK = "stuck"
    WRONG_DATA = "wrong data"


_WORSE = list(Fate)


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
    had answered it until then; `says` what was wrong with its data. `entered` is when the login
    was asked for that began its session, `since` when that was asked which last showed it well
    before `at`: what was over by then has done it no harm. `tied` is False where nothing ever tied
    it to a node.
    """

    client: str
    cluster: str
    fate: Fate
    at: Operation | None = None
    home: str | None = None
    says: str = ""
    interruptions: Sequence[Interruption] = ()
    tab: int = 0
    entered: float = 0.0
    since: float = 0.0
    tied: bool = True


class Life:
    """One client's operations, replayed. `session` are those of all who share its session."""

    def __init__(
        self,
        tab: list[Operation],
        session: list[Operation],
        everything: list[Operation],
        *,
        adds: bool = True,
    ) -> None:
        self._tab = tab
        self._session = session
        self._cart = Cart(session, everything, adds=adds)
        self._set_logouts(op for op in session if op.conversation == "logout")
        logs_in = any(op.conversation == "login" for op in tab)
        self._entry = "login" if logs_in else "connect"
        self._login: Operation | None = None
        self._denied: Operation | None = None
        self._was_in = False
        self._home: str | None = None
        self._entered = self._well = 0.0
        self._errors: list[Operation] = []
        self._refused: Operation | None = None
        self._interruptions: list[Interruption] = []
        self._user = User(tab[0].client, tab[0].cluster, Fate.KEPT, tab=tab[0].tab)

    def judge(self) -> User | None:
        """None for who was only refused, and has asked for nothing since."""
        for operation in self._tab:
            self._replay(operation)
        if not self._was_in and self._user.at is None:
            return None
        if self._errors:
            self._became(Fate.STUCK, self._errors[0])
        elif self._refused:
            self._became(Fate.LOGGED_OUT, self._refused)
        home = self._user.home or self._home
        tied, spans = any(map(may_be_tied, self._tab)), tuple(self._interruptions)
        return replace(self._user, home=home, interruptions=spans, tied=tied)

    def _replay(self, operation: Operation) -> None:
        if operation.given_up:
            return  # by its client, whatever would have come
        if operation.enters and is_error(operation):
            self._errors.append(operation)  # with or without a session: it cannot get in
        elif operation.enters:
            self._enter(operation)
        elif self._login is None:
            self._after_denial(operation)  # or else it has nothing that could be lost
        elif asked := self._logouts_before(operation, self._login):
            self._after_logout(self._login, asked, operation)
        elif not operation.credential:
            self._asked_with_nothing(operation)
        elif is_error(operation):
            self._errors.append(operation)
        elif refuses(operation):
            self._unknown(operation)
        else:
            self._served(self._login, operation)

    def _enter(self, operation: Operation) -> None:
        if operation.conversation != self._entry:
            return  # it connects, and logs in later or has before
        if is_refused(operation) or refuses(operation):
            self._denied = operation if self._login is None else None  # a wrong password?
            return
        self._denied = None
        if self._entry == "connect" and self._login is not None:
            return  # it has connected anew by itself, and goes on with what it has
        wanted_out = self._wanted_out(operation)
        if not operation.credential and not wanted_out:
            self._asked_with_nothing(operation)
        elif self._errors and self._login is not None and not wanted_out:
            if any(error.enters for error in self._errors):
                self._was_stuck()
            else:
                self._became(Fate.LOGGED_OUT, self._errors[0])
        self._answered(operation)
        if operation.user not in (None, operation.client):
            self._wrong(operation, f"{operation.client} was logged in as {operation.user}")
        self._begin(operation)

    def _begin(self, login: Operation) -> None:
        """From now on it is entitled to what it has."""
        self._login, self._was_in = login, True
        self._home = login.node
        self._entered = self._well = login.invoked

    def _after_denial(self, operation: Operation) -> None:
        """Whether a refusal was one is for `me` to say, too."""
        denied = self._denied
        if denied is None or operation.conversation != "me" or is_error(operation):
            return
        self._denied = None
        if refuses(operation):
            self._became(Fate.STUCK, denied)
        else:
            self._begin(denied)
            self._served(denied, operation)

    def _asked_with_nothing(self, operation: Operation) -> None:
        """It has dropped its cookies; an answer now shows that what failed was due to them."""
        if is_error(operation):
            return
        if any(error.credential for error in self._errors):
            self._was_stuck()
        self._answered(operation)
        if refuses(operation) and self._login and not self._was_known(self._login):
            self._refused = self._refused or operation  # as if it had never logged in
        self._login = None

    def _was_known(self, login: Operation) -> bool:
        """Whether anything that was asked after the login was answered as the user's."""
        return any(vouches(op) and login.completed <= op.invoked for op in self._session)

    def _logouts_before(self, operation: Operation, login: Operation) -> list[Operation]:
        """Who in this session has asked to end it by then, however that went."""
        begin = bisect_left(self._asked_at, login.completed)
        return self._logouts[begin : bisect_right(self._asked_at, operation.completed, begin)]

    def _set_logouts(self, logouts: Iterable[Operation]) -> None:
        self._logouts = sorted(logouts, key=attrgetter("invoked"))
        self._asked_at = [op.invoked for op in self._logouts]

    def _unknown(self, operation: Operation) -> None:
        """Refused: the session is gone, unless its client left it for a new one meanwhile."""
        self._answered(operation)
        anew = (op for op in self._session if op.conversation == "login" and op.credential)
        if not any(
            login.invoked <= operation.completed and operation.invoked <= login.completed
            for login in anew
        ):
            self._became(Fate.LOGGED_OUT, operation)
            if self._entry == "connect":
                self._login = None  # until it has connected anew

    def _wanted_out(self, operation: Operation) -> bool:
        """Whether it had asked to end its session by then, be it in vain.

        Not where it could not log in with what it held: a cookie that is too large, say.
        """
        login = self._login
        return (
            login is not None
            and bool(self._logouts_before(operation, login))
            and (bool(operation.credential) or not any(_held(error) for error in self._errors))
        )

    def _after_logout(self, login: Operation, asked: list[Operation], operation: Operation) -> None:
        """Refused is right now; errors are not, unless the session is known to be over."""
        over = any(is_success(logout) for logout in asked)
        if is_error(operation):
            self._errors += [] if over else [operation]
        elif over or refuses(operation):
            self._answered(operation)
        else:
            self._served(login, operation)
            if vouches(operation) and all(op.completed <= operation.invoked for op in asked):
                self._set_logouts(op for op in self._logouts if op not in asked)  # to no effect

    def _served(self, login: Operation, operation: Operation) -> None:
        if not vouches(operation):
            return
        self._answered(operation)
        if operation.user not in (None, operation.client):
            self._wrong(operation, f"{operation.client} was taken for {operation.user}")
        if wrong := self._cart.fault(operation, login):
            self._wrong(operation, f"{operation.client}'s cart: {wrong}")
        if operation.node and operation.node != self._home:
            self._became(Fate.MOVED, operation)
            self._home = operation.node
        self._refused, self._well = None, max(self._well, operation.invoked)

    def _was_stuck(self) -> None:
        self._became(Fate.STUCK, self._errors[0])
        self._errors = []

    def _answered(self, operation: Operation) -> None:
        if self._errors:
            self._interruptions.append(Interruption(self._errors[0].invoked, operation.completed))
            self._errors = []

    def _wrong(self, operation: Operation, says: str) -> None:
        if self._user.fate is not Fate.WRONG_DATA:
            self._user = replace(self._user, says=says)
        self._became(Fate.WRONG_DATA, operation)

    def _became(self, fate: Fate, at: Operation) -> None:
        if _WORSE.index(fate) > _WORSE.index(self._user.fate):
            self._user = replace(
                self._user,
                fate=fate,
                at=at,
                home=self._home,
                entered=self._entered,
                since=self._well,
            )


def _held(error: Operation) -> bool:
    return error.enters and bool(error.credential)
