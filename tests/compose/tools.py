"""The stack of compose/, really brought up by the Compose tools that this machine has."""

from __future__ import annotations

import contextlib
import copy
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDER = Path(__file__).parents[2] / "compose"
UNRUN = {"traefik.yaml", "envoy.yaml"}
"""What needs an image that this project's machines can't have."""
PATIENCE = 60
LAST_OF_HELLO = "Take it away"


def _tools() -> list[tuple[str, ...]]:
    """Every Compose tool that is here: 1.29, and today's plugin of the docker command."""
    plugin = ["docker", "compose", "version"]
    if shutil.which("docker") and not subprocess.run(plugin, capture_output=True).returncode:  # noqa: PLW1510
        return [("docker-compose",), ("docker", "compose")] if _old() else [("docker", "compose")]
    return [("docker-compose",)]


def _old() -> bool:
    return shutil.which("docker-compose") is not None


TOOLS = _tools()


@dataclass(frozen=True)
class Images:
    """The images to use, by id: whatever else builds here meanwhile does not get in."""

    sessionlab: str
    programs: str


@dataclass(frozen=True)
class Answer:
    status: int
    node: str
    body: Any


class Browser:
    """One user's cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(jar).open

    def ask(self, path: str, body: object = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data, headers)
        try:
            with self._open(request, timeout=10) as got:
                return Answer(got.status, got.headers.get("X-Node", ""), json.load(got))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers.get("X-Node", ""), None)


class Stack:
    """One project of Compose, with ports and secrets of its own."""

    def __init__(self, tool: Sequence[str], files: Sequence[str], choices: dict[str, str]) -> None:
        self.project = f"sessionlab-test-{secrets.token_hex(4)}"
        names = [word for file in ("compose.yaml", *files) for word in ("-f", file)]
        self._command = [*tool, "-p", self.project, *names]
        port, admin, page = free_ports(3)
        ours = {"PORT": port, "ADMIN_PORT": admin, "PAGE_PORT": page}
        ours["COMPOSE_PROJECT_NAME"] = self.project
        self._environment = {**os.environ, **ours, **choices}
        self.url = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{admin}"
        self.page = f"http://127.0.0.1:{page}"
        self._token = ""

    def do(self, *words: str, check: bool = True) -> str:
        """A command of the tool; what it said on standard output."""
        done = subprocess.run(
            [*self._command, *words],
            cwd=FOLDER,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        if check:
            assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def from_another_shell(self) -> Stack:
        """The same project, where nothing of what it was started with is chosen."""
        twin = copy.copy(self)
        images = {name: value for name, value in self._environment.items() if "_IMAGE" in name}
        twin._environment = {**os.environ, **images}
        return twin

    def containers(self) -> set[str]:
        return set(self.do("ps", "-q").split())

    def logs(self) -> str:
        return self.do("logs", "--tail", "20", check=False)

    def hello(self) -> str:
        """What the stack said for a greeting: `up -d` may return before it was said."""
        end = time.monotonic() + PATIENCE
        while LAST_OF_HELLO not in (said := self.do("logs", "hello")):
            assert time.monotonic() < end, f"no greeting: {said}\n{self.logs()}"
            time.sleep(0.1)
        return said

    def inspect(self) -> str:
        """All that the engine tells about the stack's containers."""
        names = self.do("ps", "-q").split()
        command = ["docker", "inspect", *names]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def browser(self) -> Browser:
        return Browser(self.url)

    def token(self) -> str:
        """What the page takes, out of the line in its log."""
        end = time.monotonic() + PATIENCE
        line = re.compile(rf"page +{self.page}/#token=([\w-]+)")
        while not (found := line.findall(said := self.do("logs", "page"))):
            assert time.monotonic() < end, said
            time.sleep(0.2)
        return str(found[-1])

    def ask_page(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        self._token = self._token or self.token()  # a look at logs is half a second's work
        head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.page}/api/1{path}", data, head)
        with urllib.request.urlopen(request, timeout=30) as got:
            return json.load(got)

    def cluster(self, true: Callable[[Any], bool]) -> Any:
        """What the page says of the stack, once that is true of it, and the page is there."""
        end, found = time.monotonic() + PATIENCE, None
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                found = self.ask_page("/state")["clusters"][0]
                if true(found):
                    return found
            time.sleep(0.2)
        raise AssertionError(found or "the page does not answer")

    def password(self) -> str:
        return self.do("exec", "-T", "node", "cat", "/secrets/node/password").strip()

    def lab(self, *words: str) -> dict[str, Any]:
        """Run the scenarios against the stack; the result, as JSON."""
        command = ["with-secrets", "/secrets/node", "sessionlab", "run", "--json", "-", *words]
        found: dict[str, Any] = json.loads(self.do("run", "--rm", "-T", "lab", *command))
        return found

    def meets(self, nodes: int, *, in_turn: bool = False) -> None:
        """Ask until that many nodes answer, and no other; `in_turn`, each as often as the next."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            seen = Counter(self.browser().ask("/me").node for _ in range(4 * nodes))
            even = len(set(seen.values())) == 1
            if len(seen) == nodes and "" not in seen and (even or not in_turn):
                return
        raise AssertionError(f"{seen} are not {nodes} nodes\n{self.logs()}")


def outcomes(result: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    scenarios = result["scenarios"]
    return {story["name"]: (story["outcome"], story["reason"]) for story in scenarios}


def nodes(cluster: Any, state: str) -> list[str]:
    found = [part for part in cluster["parts"] if part["kind"] == "node"]
    return [part["name"] for part in found if part["state"] == state]


def stays(stack: Stack) -> None:
    """Several users log in, and every request of each is recognised."""
    password = stack.password()
    for number in range(1, 6):
        user = stack.browser()
        name = f"user-{number:06d}"
        assert user.ask("/login", {"username": name, "password": password}).status == 200
        assert [user.ask("/me").status for _ in range(4)] == [200] * 4


@contextmanager
def up(
    tool: Sequence[str], files: Sequence[str] = (), *, wait: Sequence[str] = (), **choices: str
) -> Iterator[Stack]:
    """A stack that is up, and gone afterwards whatever happened."""
    stack = Stack(tool, files, choices)
    try:
        stack.do("up", "-d", *wait)
        yield stack
    finally:
        stack.do("down", "-v", "--remove-orphans", "-t", "1", check=False)
        remains = left(stack.project)
        networks = [name for name in remains if name.startswith("network")]
        if networks and all(map(_lost_count, networks)):
            # The old tool gives up there, before it comes to the volumes.
            names = [n.rsplit(maxsplit=1)[-1] for n in remains if n.startswith("volume")]
            subprocess.run(["docker", "volume", "rm", *names], check=False, capture_output=True)
            remains = [r for r in left(stack.project) if not r.startswith("network")]
        assert remains == []


def _lost_count(network: str) -> bool:
    """Whether the engine keeps a network that no container is on (moby#42119, in Engine 20.10)."""
    name = network.rsplit(maxsplit=1)[-1]
    on_it = "{{len .Containers}}"
    inspect = ["docker", "network", "inspect", "-f", on_it, name]
    if subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip() != "0":
        return False
    removed = subprocess.run(
        ["docker", "network", "rm", name], capture_output=True, text=True, check=False
    )
    return "has active endpoints" in removed.stderr


def left(project: str) -> list[str]:
    """What there still is of a project: containers, networks, volumes."""
    label = f"label=com.docker.compose.project={project}"
    kinds = (("ps", "-aq"), ("network", "ls", "-q"), ("volume", "ls", "-q"))
    return [
        f"{kind[0]} {name}"
        for kind in kinds
        for name in subprocess.run(
            ["docker", *kind, "--filter", label], capture_output=True, text=True, check=True
        ).stdout.split()
    ]


def free_ports(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
