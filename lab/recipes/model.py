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
    """A status or a list of them; 401 where nothing is given."""
    path: str = ""
    """A regular expression for the path at the end of all redirects."""
    body: str = ""
    """A regular expression for what the answer says."""


class Step(Table, frozen=True):
    """One request and its answer, or what is said on a WebSocket and heard back."""

    get: str = ""
    post: str = ""
    put: str = ""
    patch: str = ""
    delete: str = ""
    ws: str = ""
    """The path of a WebSocket; the open one is used where it has that path."""
    script: str = ""
    """`module:function`, for what nothing else can say; runs with --allow-script only."""
    send: str = ""
    """What is said on the WebSocket."""
    until: str = ""
    """A regular expression for the message to wait for; the first one unless given."""
    reply: dict[str, str] = field(default_factory=dict)
    """What is answered to messages, by a regular expression for them: to pings, say."""
    json: Any = UNSET
    """The body, sent as JSON."""
    form: dict[str, str] | UnsetType = UNSET
    """The body, sent as a form."""
    body: str | UnsetType = UNSET
    """The body as it is."""
    headers: dict[str, str] = field(default_factory=dict)
    follow: int = FOLLOWED
    """How many redirects are followed."""
    expect: Status | UnsetType = UNSET
    """A status or a list of them; any passes unless given."""
    within: float = 10.0
    """How many seconds it may take."""
    events: int = 0
    """How many server-sent events to wait for before leaving."""
    take: dict[str, Take] = field(default_factory=dict)
    """Variables to take from the answer, by their names."""
    user: Take | None = None
    """Where the answer names the user; in the last step of `me`."""
    nobody: Nobody | None = None
    """How the answer says that it knows nobody; in `me`. {status = 401} unless given."""
    items: Take | None = None
    """Where the answer has the items that were written; in `read`."""

    @property
    def method(self) -> str:
        """`GET` and so on; `WS`; `SCRIPT`."""
        if self.get:
            return "GET"  # of most steps, and asked often
        kinds = (*METHODS, "ws", "script")
        return next((name.upper() for name in kinds if getattr(self, name)), "")

    @property
    def path(self) -> str:
        """What is asked for, with its variables."""
        verbs = self.get or self.post or self.put or self.patch or self.delete
        return verbs or self.ws or self.script


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
    """The command of one copy; with `image`, inside that."""
    dir: str = "."
    """Where it runs, from the recipe's folder."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to the lab's own environment."""
    ready: str | LogLine = "tcp"
    """A path, "tcp", or {log = "a regular expression"}."""
    before: list[str] = field(default_factory=list)
    """A command that runs once before the first copy: a migration, say."""
    stop: Stop = Stop()
    """{signal = "SIGTERM", seconds = 10}, or one of the two."""
    image: str = ""
    """A container image to run it in."""


class People(Table, frozen=True):
    """Who logs in: by a pattern of names, or a list whose further keys are variables."""

    pattern: str = "user{number}"
    """Their names; numbers count from 1."""
    password: str = "pw"  # noqa: S105  of an app that was started for the occasion
    """The password of each."""
    count: int = 20
    """How many there are."""
    list: Accounts = field(default_factory=list)
    """[{name = "alice", password = "…"}]; other keys are variables: {user.shown}."""


class Every(Table, frozen=True):
    """What is sent with each request."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


class ClientKind(Table, frozen=True):
    """What sort of client the users have.

    `plain` keeps cookies, `browser` by RFC 6265bis and with Origin and Referer, `no-jar` none.
    """

    kind: Literal["plain", "browser", "no-jar"] = "plain"


class Node(Table, frozen=True):
    """Where an answer says which copy gave it; exactly one of its keys."""

    header: str = ""
    json: str = ""
    cookie: str = ""


class Recipe(Table, frozen=True):
    """An app as users meet it, in one variant."""

    name: str
    """What it is called in reports."""
    me: Conversation
    """Who am I?"""
    format: Literal[1] = 1
    identity: str = "{user}"
    """What `me` has to answer."""
    app: App | None = None
    users: People = People()
    hosts: list[str] = field(default_factory=list)
    """Other hosts that steps and redirects may lead to."""
    every: Every = Every()
    client: ClientKind = ClientKind()
    node: Node | None = None
    """Where an answer says which copy gave it."""
    affinity: str = ""
    """What production uses; `expect` holds for that."""
    expect: dict[Ordeal, dict[Count, int]] = field(default_factory=dict)
    """The most users that may be lost and so on, by ordeal: deploy.logged_out = 0."""
    connect: Conversation | None = None
    """What a client does before all else."""
    login: Conversation | None = None
    write: Conversation | None = None
    """Puts {item} into the session."""
    read: Conversation | None = None
    """Asks for what was written."""
    logout: Conversation | None = None
    refresh: Conversation | None = None
    """Makes a short-lived credential last."""
    elevate: Conversation | None = None
    """Gains more rights, as sudo does."""
    change_password: Conversation | None = None
    end_all: Conversation | None = None
    """Ends all sessions of the user."""
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Merged over all else, table by table, by their names."""

    def steps(self, conversation: str) -> tuple[Step, ...]:
        """The steps of a conversation; none where it is not described."""
        said: Conversation | None = getattr(self, conversation)
        return tuple(said) if isinstance(said, list) else (said,) if said else ()
