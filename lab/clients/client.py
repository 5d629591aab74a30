"""A client: one user's browser or app, with its cookies or its bearer token."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from yarl import URL

from sessionlab.lab.clients.cookie_jar import OneSite
from sessionlab.lab.clients.network import ANY_WAY, Way
from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Events
from sessionlab.lab.record.answers import JSON, Answer, Answers
from sessionlab.lab.record.history import History, Operation, outcome_of

SESSION_COOKIE = "sid"
EXPLAINED = "X-Balancer"  # the built-in balancer's `--explain`
PATIENCE = 10.0  # seconds until a request counts as unanswered


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
        way: Way = ANY_WAY,
        tab: int = 0,
    ) -> None:
        self.user = user
        self.token: str | None = None
        self.headers: dict[str, str] = {}
        """What it sends with every request, besides what HTTP and its credential ask for."""
        self._password = password
        self._url = url
        self._history = history
        self._events = events
        self._scenario = scenario
        self._cluster = cluster
        self._way = way
        self._tab = tab
        self._http = self._connect(OneSite(url))

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
        return await self.ask("GET", "/cart", service=service)

    async def add_to_cart(self, item: str, service: str = "") -> Answer:
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
        return {cookie.key: cookie.value for cookie in self._http.cookie_jar}

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
        return {cookie.key for cookie in self._http.cookie_jar if cookie["secure"]}

    def copy_credential(self, other: Client) -> None:
        """Take over all that another client holds, as a thief or a second tab would."""
        self.token = other.token
        self._http.cookie_jar.update_cookies(other.cookies, URL(self._url))

    def present(self, token: str) -> None:
        """Present this value from now on, as a bearer token."""
        self.token = token

    def keep_cookie(self, name: str, value: str) -> None:
        """Have a cookie from before, and send it from now on."""
        self._http.cookie_jar.update_cookies({name: value}, URL(self._url))

    def forget(self) -> None:
        """Drop the credential, and keep the connection."""
        self.token = None
        self._http.cookie_jar.clear()

    async def reconnect(self) -> None:
        """Drop the connections, and keep the credential."""
        jar = self._http.cookie_jar
        await self._http.close()
        self._http = self._connect(jar)

    async def close(self) -> None:
        await self._http.close()

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
        headers = {**self.headers, **bearer}
        seen = SimpleNamespace(new=False, sent=False, credential=0)
        invoked = self._events.now()
        status, error, content = None, None, {}
        said: Mapping[str, str] = {}
        try:
            async with self._http.request(
                method, url, json=body, headers=headers, trace_request_ctx=seen
            ) as response:
                seen.credential = _credential_size(response.request_info.headers)
                status, said = response.status, response.headers
                content = await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            status, error = None, f"{type(problem).__name__}: {problem}"
        if isinstance(token := content.get("access_token"), str):
            self.token = token
        verdict, reason = explained(said.get(EXPLAINED, ""))
        operation = Operation(
            client=self.user,
            method=method,
            path=prefix + path,
            invoked=invoked,
            completed=self._events.now(),
            outcome=outcome_of(method, status, sent=seen.sent),
            status=status,
            node=said.get("X-Node"),
            user=_text(content, "user"),
            error=error,
            new_connection=seen.new,
            credential=seen.credential,
            verdict=verdict,
            reason=reason,
            version=_text(content, "version"),
            item=_text(body or {}, "item"),
            items=_items(content),
            cluster=self._cluster,
            tab=self._tab,
            direct=at is not None,
        )
        self._record(operation)
        return Answer(operation, content)

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

    def _connect(self, jar: aiohttp.abc.AbstractCookieJar) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            cookie_jar=jar,
            connector=self._way.connector(),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
            trace_configs=[_TRACE],
            auto_decompress=False,
        )


async def _body(response: aiohttp.ClientResponse) -> dict[str, JSON]:
    """The JSON object of an answer; empty when it is something else."""
    with contextlib.suppress(ValueError, aiohttp.ContentTypeError):
        found = await response.json(content_type=None)
        if isinstance(found, dict):
            return found
    return {}


def explained(header: str) -> tuple[str, str]:
    """The pin's verdict and the reason why it moved, out of `backend=n2; affinity=VN; reason=…`."""
    said = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    return said.get("affinity", ""), said.get("reason", "")


def _text(body: dict[str, JSON], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _items(body: dict[str, JSON]) -> tuple[str, ...] | None:
    items = body.get("items")
    return tuple(str(item) for item in items) if isinstance(items, list) else None


def _credential_size(headers: object) -> int:
    """Bytes of the header lines that say who asks (`Name: value` and the line's end)."""
    lines = dict(headers).items()  # type: ignore[call-overload]
    return sum(len(f"{n}: {v}\r\n") for n, v in lines if n.lower() in ("cookie", "authorization"))


def _trace() -> aiohttp.TraceConfig:
    """Notes on each request's context whether it needed a new connection and was sent."""

    async def connected(_: object, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.new = True

    async def sent(_: object, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.sent = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_request_headers_sent.append(sent)
    trace.freeze()
    return trace


_TRACE = _trace()
