"""A client: one user's browser or app, with its cookies or its bearer token."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from yarl import URL

from sessionlab.lab.clients.cookie_jar import OneSite
from sessionlab.lab.clients.network import ANY_NETWORK, ClientNetwork
from sessionlab.lab.clients.ties import holds_tie
from sessionlab.lab.clients.wire import Exchange, Wire
from sessionlab.lab.description.tokens import read_token
from sessionlab.lab.errors import StepError
from sessionlab.lab.record.answers import JSON, Answer, Answers
from sessionlab.lab.record.history import History, Operation, ending_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from sessionlab.lab.events import Events

SESSION_COOKIE = "sid"
EXPLAINED = "X-Balancer"  # the built-in balancer's `--explain`
NODE = "X-Node"
PATIENCE = 10.0


class Client:
    """Keeps what the servers give it, as a browser does: cookies by name, or a bearer token.

    It has connections of its own, kept alive between requests. Every request becomes an operation
    in the history, answered or not; nothing here raises for what a server says.
    """

    def __init__(
        self,
        user: str,
        password: str,
        url: str,
        history: History,
        events: Events,
        scenario: str,
        cluster: str = "",
        network: ClientNetwork = ANY_NETWORK,
        tab: int = 0,
    ) -> None:
        self.user = user
        self.token: str | None = None
        self.headers: dict[str, str] = {}
        """What it sends with every request, besides what HTTP and its credential ask for."""
        self.patience = PATIENCE
        """Seconds until a request counts as unanswered."""
        self.affinity = ""
        """That of its cluster, where it is known."""
        self._password = password
        self._url = url
        self._history = history
        self._events = events
        self._scenario = scenario
        self._cluster = cluster
        self._network = network
        self._tab = tab
        self._wire = Wire(OneSite(url), network)

    def __repr__(self) -> str:
        return f"<Client {self.user}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    # What a user does

    async def login(self, service: str = "", at: str | None = None) -> Answer:
        """Log in; raises StepError when that is refused, for a story cannot go on without it."""
        answer = await self.try_login(service, at)
        if not answer.recognised:
            raise StepError(
                f"{self.user} could not log in at {service or 'the cluster'}: "
                f"{answer.status or answer.operation.error}",
                f"the answer was {answer.body}" if answer.body else "",
            )
        return answer

    async def try_login(self, service: str = "", at: str | None = None) -> Answer:
        """Log in, and take whatever answer comes."""
        body: dict[str, JSON] = {"username": self.user, "password": self._password}
        return await self.ask("POST", "/login", service=service, at=at, body=body)

    async def me(self, service: str = "", at: str | None = None) -> Answer:
        """Ask who the servers think this client is."""
        return await self.ask("GET", "/me", service=service, at=at)

    async def me_times(self, times: int, service: str = "") -> Answers:
        """Ask that many times, one after the other."""
        return Answers([await self.me(service) for _ in range(times)])

    async def cart(self, service: str = "") -> Answer:
        """Ask for what is in the session's cart."""
        return await self.ask("GET", "/cart", service=service)

    async def add_to_cart(self, item: str, service: str = "") -> Answer:
        """Put an item into the session's cart."""
        return await self.ask("POST", "/cart", service=service, body={"item": item})

    async def logout(self, service: str = "") -> Answer:
        """Log out; raises StepError when that is refused, or nothing could be concluded from it."""
        answer = await self.ask("POST", "/logout", service=service)
        if answer.status != 204:  # noqa: PLR2004
            raise StepError(
                f"{self.user} could not log out: {answer.status or answer.operation.error}"
            )
        return answer

    # What it holds

    @property
    def cookies(self) -> dict[str, str]:
        """Its cookies, by name."""
        return {cookie.key: cookie.value for cookie in self._wire.jar}

    @property
    def credential(self) -> str:
        """The token, or the value of the session cookie; empty before a login."""
        return self.token or self.cookies.get(SESSION_COOKIE, "")

    @property
    def secure(self) -> bool:
        """Whether its session cookie is for TLS only (`Secure`); False when it has none."""
        return SESSION_COOKIE in self.secure_cookies

    @property
    def secure_cookies(self) -> set[str]:
        """The names of its cookies that are for TLS only."""
        return {cookie.key for cookie in self._wire.jar if cookie["secure"]}

    def copy_credential(self, other: Client) -> None:
        """Take over all that another client holds, as a thief or a second tab would."""
        self.token = other.token
        self._wire.jar.update_cookies(other.cookies, URL(self._url))

    def present(self, token: str) -> None:
        """Present this value from now on, as a bearer token."""
        self.token = token

    def keep_cookie(self, name: str, value: str) -> None:
        """Have a cookie from before, and send it from now on."""
        self._wire.jar.update_cookies({name: value}, URL(self._url))

    def forget(self) -> None:
        """Drop the credential, and keep the connection."""
        self.token = None
        self._wire.jar.clear()

    async def reconnect(self) -> None:
        """Drop the connections, and keep the credential; what is under way is still answered."""
        old, self._wire = self._wire, Wire(self._wire.jar, self._network)
        await old.retire()

    async def close(self) -> None:
        await self._wire.close()

    # The wire

    async def ask(
        self,
        method: str,
        path: str,
        *,
        service: str = "",
        at: str | None = None,
        body: dict[str, JSON] | None = None,
    ) -> Answer:
        """Send one request through the balancer, or straight to the node whose URL is `at`."""
        prefix = f"/{service}" if service and at is None else ""
        url = f"{at or self._url}{prefix}{path}"
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        invoked = self._events.now()
        headers = {**self.headers, **bearer}
        left = _left(self.credential)
        tie = holds_tie(self.affinity, headers, self.cookies, URL(url).query)
        got = await self._wire.ask(method, url, headers=headers, body=body, patience=self.patience)
        if isinstance(token := got.content.get("access_token"), str):
            self.token = token
        operation = self._noted(method, prefix + path, invoked, got)
        item, direct = _text(body or {}, "item"), at is not None
        operation = replace(operation, item=item, direct=direct, tie=tie, token_left=left)
        self._record(operation)
        if got.given_up:
            raise asyncio.CancelledError
        return Answer(operation, got.content)

    def _noted(self, method: str, path: str, invoked: float, got: Exchange) -> Operation:
        verdict, reason = explained(got.headers.get(EXPLAINED, ""))
        return Operation(
            client=self.user,
            method=method,
            path=path,
            invoked=invoked,
            completed=self._events.now(),
            outcome=ending_of(method, got.status, sent=got.sent),
            status=got.status,
            node=got.headers.get(NODE),
            user=_text(got.content, "user"),
            error=got.error,
            new_connection=got.new_connection,
            credential=got.credential,
            verdict=verdict,
            reason=reason,
            version=_text(got.content, "version"),
            items=_items(got.content),
            cluster=self._cluster,
            tab=self._tab,
            given_up=got.given_up,
            code=_text(got.content, "code") or "",
        )

    def _record(self, operation: Operation) -> None:
        self._history.append(operation)
        self._events.emit(
            "request.completed",
            self._scenario,
            client=operation.client,
            method=operation.method,
            path=operation.path,
            status=operation.status,
            node=operation.node,
            seconds=operation.completed - operation.invoked,
        )


def _left(credential: str) -> float | None:
    """Seconds until a token's end (`exp`, on the wall clock); None for what is no token."""
    end = read_token(credential).get("exp")
    return end - time.time() if isinstance(end, (int, float)) else None


def explained(header: str) -> tuple[str, str]:
    """The pin's verdict and the reason why it moved, out of `backend=n2; affinity=VN; reason=…`."""
    said = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    return said.get("affinity", ""), said.get("reason", "")


def _text(body: Mapping[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _items(body: Mapping[str, JSON]) -> tuple[str, ...] | None:
    items = body.get("items")
    return tuple(str(item) for item in items) if isinstance(items, list) else None
