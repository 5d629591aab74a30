"""A client: one user's browser or app, which speaks an app's recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import convert

from sessionlab.lab.clients.speaker import Speaker
from sessionlab.lab.errors import StepError, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.model import METHODS, Step
from sessionlab.lab.record.answers import JSON, Answer, Answers
from sessionlab.lab.record.history import ERROR, NOBODY, Ending, History
from sessionlab.lab.record.steps import quick_step, step

if TYPE_CHECKING:
    from collections.abc import Collection

    from sessionlab.lab.clients.records import Notebook

REPLICAS = 1000  # from which number on replicas count, so that no tab is taken for one


class Client(Speaker):
    """Keeps what the servers give it, as clients of its kind do, and says what its recipe says.

    It has connections of its own, kept alive between requests. Every conversation becomes an
    operation in the history, answered or not; nothing here raises for what a server says.
    """

    def __repr__(self) -> str:
        return f"<Client {self.user}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def tab(self) -> int:
        """Which of its user's clients it is, from 0 on: as in what is recorded of it."""
        return self._tab

    @property
    def called(self) -> str:
        """Its user, and which of that user's tabs it is where it is not the first."""
        return f"{self.user} (tab {self._tab + 1})" if self._tab else self.user

    # What a user does

    @step
    async def connect(self, service: str = "", at: str | None = None) -> Answer:
        """Connect anew."""
        return await self.do("connect", service=service, at=at)

    @step
    async def login(self, service: str = "", at: str | None = None) -> Answer:
        """Log in; raises StepError when that is refused, for a story cannot go on without it."""
        answer = await self.try_login(service, at)
        if not answer.recognised:
            raise StepError(
                f"{self.user} could not log in at {service or 'the cluster'}: "
                f"{answer.status or answer.operation.error}",
                f"the answer was {answer.body}" if answer.body else answer.said,
            )
        return answer

    @step
    async def try_login(self, service: str = "", at: str | None = None) -> Answer:
        """Log in, and take whatever answer comes.

        Where there is no login, that is to connect; where there is neither, as with a password that
        goes with every request, to ask who one is.
        """
        if self.can_log_in:
            name = "login" if self.recipe.login else "connect"
            return await self.do(name, service=service, at=at)
        return await self._have("login", service, at, None, self.recipe.steps("me"), is_me=True)

    @step
    async def me(self, service: str = "", at: str | None = None) -> Answer:
        """Ask who the servers think this client is."""
        return await self.do("me", service=service, at=at)

    @step
    async def me_times(self, times: int, service: str = "") -> Answers:
        """Ask that many times, one after the other."""
        return Answers([await self.me(service) for _ in range(times)])

    @step
    async def read(self, service: str = "", at: str | None = None) -> Answer:
        """Ask for what belongs to the session."""
        return await self.do("read", service=service, at=at)

    @step
    async def write(self, item: str, service: str = "", at: str | None = None) -> Answer:
        """Put something into the session."""
        return await self.do("write", service=service, at=at, item=item)

    async def cart(self, service: str = "") -> Answer:
        """`read`: what is in the session's cart."""
        return await self.read(service)

    async def add_to_cart(self, item: str, service: str = "") -> Answer:
        """`write`: put an item into the session's cart."""
        return await self.write(item, service)

    @step
    async def logout(self, service: str = "", at: str | None = None) -> Answer:
        """Log out; raises StepError when that is refused, or nothing could be concluded from it."""
        answer = await self.do("logout", service=service, at=at)
        if answer.who in (ERROR, NOBODY) or answer.operation.outcome is not Ending.OK:
            raise StepError(
                f"{self.user} could not log out: {answer.status or answer.operation.error}",
                answer.said,
            )
        return answer

    @step
    async def ask(
        self,
        method: str,
        path: str,
        *,
        service: str = "",
        at: str | None = None,
        body: dict[str, JSON] | None = None,
    ) -> Answer:
        """Send one request of the story's own."""
        if method.lower() not in METHODS:
            raise UsageError(f"a client asks with no {method}", f"one of: {', '.join(METHODS)}")
        asked = {method.lower(): path, "follow": 0} | ({} if body is None else {"json": body})
        return await self._have("request", service, at, None, (convert(asked, Step),))

    # What it holds

    @property
    def secure(self) -> bool:
        """Whether its session cookie is for TLS only (`Secure`); False when it has none."""
        return next(iter(self._holdings.given), None) in self.secure_cookies

    @property
    def secure_cookies(self) -> set[str]:
        """The names of its cookies that are for TLS only."""
        return {cookie.key for cookie in self._holdings.jar if cookie["secure"]}

    @quick_step
    def copy_credential(self, other: Client) -> None:
        """Take over all that another client holds, as a thief or a second tab would."""
        self._holdings.copy(other._holdings)
        self._connected = other._connected and not self._connects_by_channel

    def share(self, other: Client) -> None:
        """Hold from now on what another holds, whatever either is given: tabs of one browser."""
        self._holdings = other._holdings
        self._connected = other._connected and not self._connects_by_channel
        self.wire = self._new_wire()

    def replica(self) -> Client:
        """A client that holds the same, and never connects anew: what it asks is a replay."""
        replica = self._same(self._told)
        self._made.append(replica)
        return replica

    def shadow(self) -> Client:
        """A replica that nobody hears of: what it asks is in no history. Its maker closes it."""
        _, events, scenario, cluster = self._told
        return self._same((History(), Events(began=events.began), scenario, cluster))

    def _same(self, told: tuple[Notebook, Events, str, str]) -> Client:
        person, same = self._holdings.person, (self._network, REPLICAS + self._tab, self._public)
        replica = Client(
            person, self.recipe, self.url, *told, *same, allow_script=self._allow_script
        )
        replica.copy_credential(self)
        replica.headers, replica.patience = dict(self.headers), self.patience
        replica.affinity, replica._is_replica = self.affinity, True
        return replica

    @quick_step
    def present(self, token: str) -> None:
        """Present this value from now on, in place of what was taken and is sent with each request.

        Raises UsageError where the recipe sends nothing of the kind.
        """
        if not self._token_name:
            raise UsageError(f"{self.recipe.name}'s recipe sends nothing that is taken")
        self._holdings.take(self._token_name, token, connecting=False)

    def keep_cookie(self, name: str, value: str) -> None:
        """Have a cookie from before, and send it from now on."""
        self._holdings.keep_cookie(name, value)

    @property
    def held(self) -> dict[str, str]:
        """The values of its cookies and of what it took, by where each is: all are secrets."""
        cookies = {f"the cookie {name}": value for name, value in self.cookies.items()}
        return cookies | self._holdings.taken

    @property
    def secrets(self) -> set[str]:
        """What is to be hidden in what others print: all that it holds and has held."""
        return self._holdings.secrets

    def drop_cookies(self, names: Collection[str]) -> None:
        """Drop those, and keep all else."""
        self._holdings.jar.clear(lambda cookie: cookie.key in names)

    @quick_step
    def forget(self) -> None:
        """Drop the credential, and keep the connection."""
        self._holdings.drop()
        self._connected = self._cut = False

    @step
    async def reconnect(self) -> None:
        """Drop the connections, and keep the credential; what is under way is still answered."""
        old, self.wire = self.wire, self._new_wire()
        if self._channels:
            await self._close_channels()
            if self._connects_by_channel:
                await self._disconnect()
        await old.retire()

    async def close(self) -> None:
        """Close its connections, and those of its replicas."""
        while self._made:
            await self._made.pop().close()
        await self._close_channels()
        await self.wire.close()
