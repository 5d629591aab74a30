"""Has the conversations of an app's recipe for one user, and connects where that is needed."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sessionlab.lab.clients.engine_wire import EngineWire
from sessionlab.lab.clients.foreseen import Foreseen
from sessionlab.lab.clients.holdings import Holdings
from sessionlab.lab.clients.network import ANY_NETWORK, ClientNetwork
from sessionlab.lab.clients.records import Notebook, Records
from sessionlab.lab.clients.speech.conversation import REFUSED, Conversation, Outcome
from sessionlab.lab.clients.speech.requests import Context, body_of
from sessionlab.lab.clients.wire import Wire, credential_size
from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.variables import template
from sessionlab.lab.record.history import ENTRIES, ERROR, NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yarl import URL

    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.clients.speech.channel import Channel
    from sessionlab.lab.events import Events
    from sessionlab.lab.recipes.model import Recipe, Step
    from sessionlab.lab.record.answers import Answer
    from sessionlab.lab.record.steps import Telling

PATIENCE = 10.0
OF_BALANCERS = "SESSIONLAB"  # what the names of their own cookies begin with


class Speaker:
    """What a `Client` speaks with: its account, what it holds, its connections and channels."""

    def __init__(
        self,
        person: Person,
        recipe: Recipe,
        url: str,
        history: Notebook,
        events: Events,
        scenario: str = "",
        cluster: str = "",
        network: ClientNetwork = ANY_NETWORK,
        tab: int = 0,
        public: str | None = None,
        *,
        allow_script: bool = False,
    ) -> None:
        self.user = person.name
        self.recipe = recipe
        self.headers: dict[str, str] = {}
        """What it sends with every request, besides what its recipe says."""
        self.patience = PATIENCE
        """Seconds until a request counts as unanswered; unless changed, a step's `within`."""
        self.affinity = ""
        """That of its cluster, where it is known."""
        self.url = url.rstrip("/")
        """Where it sends what it asks."""
        self._public = (public or url).rstrip("/")
        self._network = network
        self._told = (history, events, scenario, cluster)
        self._telling: Telling = partial(events.step, scenario, cluster)
        self._tab = tab
        self._allow_script = allow_script
        self._records = Records(person.name, recipe, history, events, scenario, cluster, tab)
        self._holdings = Holdings(person, recipe, url)
        self.wire = self._new_wire()
        """Its connections, with its cookies."""
        self._channels: dict[tuple[str, str], Channel] = {}
        self._page: URL | None = None
        self._made: list[Any] = []  # replicas, which end with it
        self._connected = self._left = self._is_replica = False
        self._cut = False  # from the channel that it had logged in on

    def _new_wire(self) -> Wire:
        kind = Wire if self._network.trace else EngineWire
        return kind(self._holdings.jar, self._network)

    def foresee(
        self, step: Step, item: str | None = None, before: Foreseen | None = None
    ) -> Foreseen | None:
        """What that step would send at once; None where that is more than one plain request.

        `before` is what was foreseen of the same, where no cookie is named in it: for most, only
        the cookies are others then. Raises Unknown and ValueError for what cannot be asked.
        """
        wire, taken = self.wire, self._holdings.taken
        if not isinstance(wire, EngineWire) or self._must_connect() or self._channels:
            return None
        if before and before.taken == taken and (same := before.renewed(wire)):
            return same
        context = self._context(self.url, item)
        url, headers = context.url(step.path), context.sent(step)
        if not wire.is_plain(url, headers):
            return None
        cookies = wire.cookie_line(url)
        return Foreseen(
            url,
            wire.request(step.method, url, headers, body_of(context, step), cookies),
            credential_size(headers, cookies),
            context.size(step),
            self._records.tie(self.affinity, context, step),
            template(self.recipe.identity).fill(context.value),
            cookies,
            dict(taken),
        )

    def accept(
        self, conversation: str, url: URL, set_cookies: Sequence[str], taken: Mapping[str, str]
    ) -> None:
        """Hold what the answer to a request that was foreseen has given."""
        if set_cookies:
            self.wire.jar.update_cookies_from_headers(set_cookies, url)
        for name, value in taken.items():
            self._holdings.take(name, value, connecting=False)
        if conversation == "login":
            self._holdings.give(set_cookies)
            self._left = False
        elif conversation == "logout":
            self._left = True

    def know(self, words: Mapping[str, str]) -> None:
        """Have what all copies were given, for the steps that name it."""
        self._holdings.of_cluster |= words

    async def do(
        self,
        conversation: str,
        *,
        service: str = "",
        at: str | None = None,
        item: str | None = None,
    ) -> Answer:
        """Have that conversation, through the balancer or with the node whose URL is `at`.

        Where the recipe says how to connect, it connects before, if it is not connected; when that
        fails, the answer is that failure. Raises UsageError for what the recipe does not describe.
        """
        if not self.recipe.steps(conversation):
            raise UsageError(f"{self.recipe.name}'s recipe does not say how to {conversation}")
        if conversation in ("connect", "login"):
            self._left = False
        await self._leave_what_is_closed()
        if conversation == "connect":
            await self._disconnect()
        elif self._must_connect():
            answer = await self._have("connect", service, at, None, to=conversation)
            if answer.who == ERROR:
                return answer
        return await self._have(conversation, service, at, item)

    @property
    def source(self) -> str:
        """The address that it comes from, empty for whichever the system takes."""
        return self._network.source or ""

    @property
    def cookies(self) -> dict[str, str]:
        """Its cookies, by name."""
        return self._holdings.cookies

    @property
    def token(self) -> str | None:
        """What it has taken and sends with every request; None before."""
        return self._holdings.taken.get(self._token_name)

    @property
    def can_log_in(self) -> bool:
        """Whether the recipe says how, or how to connect; else every request says who asks."""
        return bool(self.recipe.login or self.recipe.connect)

    @property
    def taken(self) -> Mapping[str, str]:
        """What it has taken from answers, by name."""
        return self._holdings.taken

    @property
    def credential(self) -> str:
        """The token, or the cookie that its login was answered with; empty before a login.

        Not that of the lab's balancers: it says where its client is served, and not who that is.
        """
        cookies = self.cookies
        given = (name for name in self._holdings.given if not name.startswith(OF_BALANCERS))
        held = (cookies[name] for name in given if cookies.get(name))
        return self.token or next(held, "")

    async def _have(
        self,
        name: str,
        service: str,
        at: str | None,
        item: str | None,
        steps: tuple[Step, ...] | None = None,
        *,
        is_me: bool = False,
        to: str = "",
    ) -> Answer:
        prefix = f"/{service}" if service and at is None else ""
        context = self._context(f"{(at or self.url).rstrip('/')}{prefix}", item)
        steps = steps or self.recipe.steps(name)
        invoked, left = self._records.now(), self._records.left(self.credential)
        allowed, names = self._allow_script, is_me or name == "me"
        talk = Conversation(name, steps, context, self._channels, allowed, names)
        tie = self._records.tie(self.affinity, context, steps[0])
        outcome = await talk.speak()
        if self._cut and name not in ENTRIES:
            outcome.credential = max(outcome.credential, 1)  # it has no other to send
        self._page = context.page
        enters = name == "login" or (
            name == "connect"
            and (not self.recipe.login or (to == "login" and outcome.who == ERROR))
        )
        known: dict[str, Any] = {
            "invoked": invoked,
            "tie": tie,
            "token_left": left,
            "enters": enters,
        }
        answer = self._records.note(name, prefix, context, outcome, direct=at is not None, **known)
        await self._came_to(name, outcome)
        if outcome.heard.given_up:
            raise asyncio.CancelledError
        return answer

    def _context(self, base: str, item: str | None) -> Context:
        return Context(
            recipe=self.recipe,
            holdings=self._holdings,
            wire=self.wire,
            base=base,
            public=self._public,
            headers=self.headers,
            patience=self.patience_for,
            item=item,
            page=self._page,
        )

    async def _came_to(self, name: str, outcome: Outcome) -> None:
        if name in ("connect", "login"):
            self._holdings.give(outcome.set_cookies)
        self._cut &= name != "login"
        if name == "connect":
            self._connected = outcome.who != ERROR and (outcome.heard.status or 0) < REFUSED
        elif name == "logout":
            self._left = True
        elif name == "me" and outcome.who == NOBODY and self.recipe.connect and self._may_connect:
            await self._disconnect()
        await self._leave_what_is_closed()

    def _must_connect(self) -> bool:
        return bool(self.recipe.connect) and not self._connected and self._may_connect

    async def _disconnect(self) -> None:
        await self._close_channels()
        self._holdings.disconnect()
        self._connected = False

    async def _leave_what_is_closed(self) -> None:
        closed = [key for key, channel in self._channels.items() if not channel.is_open]
        for key in closed:
            await self._channels.pop(key).close()
            self._cut |= self._logs_in_by_channel
        if closed and self._connects_by_channel and self._may_connect:
            await self._disconnect()

    async def _close_channels(self) -> None:
        while self._channels:
            _, channel = self._channels.popitem()
            await channel.close()
            self._cut |= self._logs_in_by_channel

    def patience_for(self, step: Step) -> float:
        """Seconds until that step's request counts as unanswered."""
        return step.within if self.patience == PATIENCE else self.patience

    @property
    def _may_connect(self) -> bool:
        """Not after a logout, nor in a replay: what is asked then is about what was held."""
        return not (self._left or self._is_replica)

    @property
    def _connects_by_channel(self) -> bool:
        return any(step.ws for step in self.recipe.steps("connect"))

    @property
    def _logs_in_by_channel(self) -> bool:
        return any(step.ws for step in self.recipe.steps("login"))

    @cached_property
    def _token_name(self) -> str:
        """Of the first variable that is sent with each request and was taken from an answer."""
        for text in self.recipe.every.headers.values():
            for variable in template(text).variables:
                if "." not in variable.name and not variable.name.startswith("user"):
                    return variable.name
        return ""
