"""What a recipe says: how one copy of an app is started, and how a user talks to it.

One struct for each table of the file; `reading` makes them and checks what the types cannot say.
Strings hold variables in braces, see `variables`.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

METHODS = ("get", "post", "put", "patch", "delete")
CONVERSATIONS = (
    *("connect", "login", "me", "write", "read", "logout"),
    *("refresh", "elevate", "change_password", "end_all"),
)
"""What a user can do with an app, in the order in which it may come to it."""

Ordeal = Literal[
    "ask",
    "data",
    "kill",
    "restart",
    "drain",
    "deploy",
    "grow",
    "balancer-restart",
    "two-tabs",
    "logout",
    "first-visit",
    "store-blip",
]
Count = Literal["moved", "logged_out", "stuck", "wrong_data", "unknown", "interrupted", "lost"]
FOLLOWED = 10
"""How many redirects are followed, unless a step says otherwise."""
Status = int | list[int]
Accounts = list[dict[str, str]]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the file: a key that it does not have is an error."""


class Take(Table, frozen=True):
    """Where to find a value in an answer; exactly one of its keys.

    `json` walks a JSON body (`a.b.0`, and JSON inside a string after ` | `), `regex` is the first
    group or all that matched, `html` the value of the input or meta of that name, `sse` the data of
    the last event of that name.
    """

    json: str = ""
    regex: str = ""
    html: str = ""
    header: str = ""
    cookie: str = ""
    sse: str = ""

    @property
    def kind(self) -> str:
        """Which of the keys it has."""
        return next(name for name in self.__struct_fields__ if getattr(self, name))


class Nobody(Table, frozen=True):
    """How the app says that it does not know who asks; all that is given has to be so."""

    status: Status | UnsetType = UNSET
    path: str = ""
    body: str = ""


class Step(Table, frozen=True):
    """One request and its answer, or what is said on a WebSocket and heard back."""

    get: str = ""
    post: str = ""
    put: str = ""
    patch: str = ""
    delete: str = ""
    ws: str = ""
    script: str = ""
    send: str = ""
    until: str = ""
    reply: dict[str, str] = field(default_factory=dict)
    json: Any = UNSET
    form: dict[str, str] | UnsetType = UNSET
    body: str | UnsetType = UNSET
    headers: dict[str, str] = field(default_factory=dict)
    follow: int = FOLLOWED
    expect: Status | UnsetType = UNSET
    within: float = 10.0
    events: int = 0
    take: dict[str, Take] = field(default_factory=dict)
    user: Take | None = None
    nobody: Nobody | None = None
    items: Take | None = None

    @property
    def method(self) -> str:
        """`GET` and so on; `WS`; `SCRIPT`."""
        kinds = (*METHODS, "ws", "script")
        return next((name.upper() for name in kinds if getattr(self, name)), "")

    @property
    def path(self) -> str:
        """What is asked for, with its variables."""
        return str(getattr(self, self.method.lower())) if self.method else ""


Conversation = Step | list[Step]


class LogLine(Table, frozen=True):
    """A copy is ready once it has printed a line that this regular expression finds."""

    log: str


class Stop(Table, frozen=True):
    """How a copy is asked to leave, and how many seconds it has for it."""

    signal: str = "SIGTERM"
    seconds: float = 10.0


class App(Table, frozen=True):
    """How one copy is started."""

    run: list[str] = field(default_factory=list)
    dir: str = "."
    env: dict[str, str] = field(default_factory=dict)
    ready: str | LogLine = "tcp"
    before: list[str] = field(default_factory=list)
    stop: Stop = Stop()
    image: str = ""


class People(Table, frozen=True):
    """Who logs in: by a pattern of names, or a list whose further keys are variables."""

    pattern: str = "user{number}"
    password: str = "pw"  # noqa: S105  of an app that was started for the occasion
    count: int = 20
    list: Accounts = field(default_factory=list)


class Every(Table, frozen=True):
    """What is sent with each request."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


class ClientKind(Table, frozen=True):
    """What sort of client the users have: see `lab.clients`."""

    kind: Literal["plain", "browser", "no-jar"] = "plain"


class Node(Table, frozen=True):
    """Where an answer says which copy gave it; exactly one of its keys."""

    header: str = ""
    json: str = ""
    cookie: str = ""


class Recipe(Table, frozen=True):
    """An app as users meet it, in one variant."""

    name: str
    me: Conversation
    format: Literal[1] = 1
    identity: str = "{user}"
    app: App | None = None
    users: People = People()
    hosts: list[str] = field(default_factory=list)
    every: Every = Every()
    client: ClientKind = ClientKind()
    node: Node | None = None
    affinity: str = ""
    expect: dict[Ordeal, dict[Count, int]] = field(default_factory=dict)
    connect: Conversation | None = None
    login: Conversation | None = None
    write: Conversation | None = None
    read: Conversation | None = None
    logout: Conversation | None = None
    refresh: Conversation | None = None
    elevate: Conversation | None = None
    change_password: Conversation | None = None
    end_all: Conversation | None = None
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)

    def steps(self, conversation: str) -> tuple[Step, ...]:
        """The steps of a conversation; none where it is not described."""
        said: Conversation | None = getattr(self, conversation)
        return tuple(said) if isinstance(said, list) else (said,) if said else ()
