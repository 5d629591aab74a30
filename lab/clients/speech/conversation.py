"""One conversation of a recipe: its steps one after the other, and what it shows of who asks.

Nothing here raises for what a server says: that becomes an outcome whose line says which step it
was, what was asked, what came back, and what was looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import UNSET
from yarl import URL

from sessionlab.lab.clients.speech import scripts, takes
from sessionlab.lab.clients.speech.channel import Channel, talk
from sessionlab.lab.clients.speech.heard import NOT_THERE, Heard
from sessionlab.lab.clients.speech.requests import SAFE, Context, ask
from sessionlab.lab.recipes.model import Nobody
from sessionlab.lab.recipes.variables import Unknown, template
from sessionlab.lab.record.history import ENTRIES, ERROR, NOBODY, USER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.recipes.model import Status, Step, Take

UNAUTHORIZED, SERVER_ERROR, REFUSED = 401, 500, 400
NEEDS_A_SESSION = ("write", "read", "logout", "refresh", "request")
OWN_FAULTS = (405, 409, 413, 415, 422)  # of the request, whoever had sent it
SOMEBODY = "somebody else"
_ANYBODY = Nobody(status=UNAUTHORIZED)
_SHORT = 80  # characters of a name that was found


@dataclass
class Outcome:
    """How a conversation ended: `who` as in `Operation`, `says` in one line."""

    step: Step
    heard: Heard
    who: str = ""
    user: str | None = None
    items: tuple[str, ...] | None = None
    sought: str = ""
    credential: int = 0
    new_connection: bool = False
    sent: bool = False
    unsafe: bool = False
    set_cookies: list[str] = field(default_factory=list)

    @property
    def says(self) -> str:
        """`POST /accounts/login/ → 403 HTML, titled “Forbidden”, looked for …: not there`."""
        said = f"{self.step.method} {self.step.path} → {self.heard.came}"
        return f"{said}, {self.sought}" if self.sought else said


@dataclass
class Conversation:
    """Speaks the steps of one conversation; `Outcome` says how it ended."""

    name: str
    steps: Sequence[Step]
    context: Context
    channels: dict[tuple[str, str], Channel]
    allow_script: bool = False
    names_user: bool = False
    done: list[Heard] = field(default_factory=list)
    unsafe: bool = False

    async def speak(self) -> Outcome:
        """All steps, or until one fails."""
        for step in self.steps:
            heard = await self._heard(step)
            self.done.append(heard)
            self.unsafe |= heard.sent and step.method not in SAFE
            outcome = self._judged(step, heard)
            if outcome.who:
                break
        outcome.credential = self.done[0].credential
        outcome.new_connection = any(heard.new_connection for heard in self.done)
        outcome.sent = any(heard.sent for heard in self.done)
        outcome.unsafe = self.unsafe
        outcome.set_cookies = [line for heard in self.done for line in heard.set_cookies]
        return outcome

    async def _heard(self, step: Step) -> Heard:
        try:
            if step.ws:
                return await talk(self.context, step, self.channels)
            if step.script:
                return await scripts.run(self.context, step, allowed=self.allow_script)
            return await ask(self.context, step)
        except Unknown as unknown:
            missing = self.context.missing.get(str(unknown))
            why = f"{{{unknown}}} is not known" + (f": {missing}" if missing else "")
            return Heard(_nowhere(self.context), error=f"not asked, for {why}")
        except ValueError as wrong:
            return Heard(_nowhere(self.context), error=f"not asked: {wrong}")

    def _judged(self, step: Step, heard: Heard) -> Outcome:
        """What this step says; `who` is empty while the conversation can go on."""
        if self._names_nobody(step, heard):
            return Outcome(step, heard, NOBODY)
        if heard.error or heard.status is None:
            return Outcome(step, heard, ERROR)
        if step.expect is not UNSET and heard.status not in statuses(step.expect):
            return Outcome(step, heard, ERROR, sought=f"expected {_told(step.expect)}")
        if step.expect is UNSET and (heard.status >= SERVER_ERROR or heard.outside):
            return Outcome(step, heard, ERROR)
        sought = self._take(step, heard)
        outcome = self._last(step, heard)
        outcome.sought = outcome.sought or sought
        refused = self.name == "login" and heard.status >= REFUSED
        if sought and self.name in ENTRIES and not refused:
            outcome.who = ERROR  # whatever it has begun, it cannot be gone on with
        return outcome

    def _last(self, step: Step, heard: Heard) -> Outcome:
        if step is not self.steps[-1]:
            return Outcome(step, heard)
        if self.names_user:
            return self._named(step, heard)
        if step.items and heard.status is not None and heard.status < REFUSED:
            return self._itemised(step, heard, step.items)
        return Outcome(step, heard, self._without_a_name(step, heard))

    def _named(self, step: Step, heard: Heard) -> Outcome:
        """Who the app says that this is."""
        assert heard.status is not None  # noqa: S101
        if heard.script_user is not None:
            name: str | None = heard.script_user
        else:
            name = takes.found(step.user, heard) if step.user else None
        if not name or heard.status >= REFUSED:
            sought = f"looked for {takes.told(step.user)}: not there" if step.user else ""
            return Outcome(step, heard, ERROR, sought=sought)
        identity = template(self.context.recipe.identity)
        try:
            expected = identity.fill(self.context.value)
        except Unknown as unknown:
            return Outcome(step, heard, ERROR, sought=f"but {{{unknown}}} is not known")
        holdings = self.context.holdings
        if name == expected:
            return Outcome(step, heard, USER, holdings.person.name)
        plain = all(v.name.partition(".")[0] == "user" for v in identity.variables)
        shown = holdings.redacted(name)[:_SHORT] if plain else SOMEBODY
        return Outcome(step, heard, USER, shown, sought=f"which names {shown}")

    def _itemised(self, step: Step, heard: Heard, take: Take) -> Outcome:
        items = heard.script_items if step.script else takes.every(take, heard)
        if items is None:
            sought = f"looked for {takes.told(take)}: not there"
            return Outcome(step, heard, ERROR, sought=sought)
        return Outcome(step, heard, items=items)

    def _without_a_name(self, step: Step, heard: Heard) -> str:
        """What an answer shows that names nobody: served, not known, or neither."""
        status = heard.status
        known = status is None or status < REFUSED or step.expect is not UNSET
        if known or self.name not in NEEDS_A_SESSION:
            return ""
        if status == UNAUTHORIZED:
            return NOBODY
        return "" if status in OWN_FAULTS or self.name == "request" else ERROR

    def _names_nobody(self, step: Step, heard: Heard) -> bool:
        if heard.script_nobody:
            return True
        if self.names_user:
            return _fits(step.nobody or _ANYBODY, heard)
        if self.name not in ("write", "read"):
            return False
        rules = [one.nobody for one in self.context.recipe.steps("me") if one.nobody]
        return any(_fits(rule, heard) for rule in rules if rule.path or rule.body)

    def _take(self, step: Step, heard: Heard) -> str:
        """Keep what the answer gives, and say what it should have given, and did not."""
        sought = ""
        for name, take in step.take.items():
            value = takes.find(take, heard)
            if value is NOT_THERE:
                sought = f"looked for {takes.told(take)}: not there"
                said = f"{step.method} {step.path} → {heard.came}, {sought}"
                self.context.missing[name] = said
            elif value is not None:
                self.context.missing.pop(name, None)
                text = takes.in_text(value)
                self.context.holdings.take(name, text, connecting=self.name == "connect")
        return sought


def _fits(rule: Nobody, heard: Heard) -> bool:
    """Whether all that is given is so."""
    if rule.status is not UNSET:
        wanted = statuses(rule.status)
        passed = [status for status, _ in heard.passed]
        if not any(status in wanted for status in (heard.status, heard.code, *passed)):
            return False
    elif heard.status is None:
        return False
    if rule.path and not re.search(rule.path, heard.url.path):
        return False
    return not rule.body or re.search(rule.body, heard.text) is not None


def statuses(said: Status) -> list[int]:
    """Which a recipe means: one, or several."""
    return [said] if isinstance(said, int) else said


def _told(said: Status) -> str:
    return " or ".join(map(str, statuses(said)))


def _nowhere(context: Context) -> URL:
    return URL(context.base)
