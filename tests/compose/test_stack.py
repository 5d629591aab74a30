"""`docker compose up`, for real: the stack with each balancer, and the lab run against it."""

from __future__ import annotations

import json
import socket
import struct
import subprocess

import pytest

from tests.compose.tools import TOOLS, Images, Stack, left, nodes, outcomes, stays, up
from tests.field import field

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(params=TOOLS, ids=" ".join)
def tool(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


def test_a_stack_comes_up_says_how_to_try_it_and_grows(
    tool: tuple[str, ...], images: Images
) -> None:
    with up(tool, SESSIONLAB_IMAGE=images.sessionlab) as stack:
        hello = stack.hello()
        assert f"{stack.url} " in hello
        assert f"docker compose -p {stack.project} exec" in hello
        assert "3 nodes with strategy memory" in hello
        assert stack.password() not in stack.do("logs")
        stack.meets(3, in_turn=True)
        admin_is_ours_alone(stack)

        alice = stack.browser()
        login = alice.ask("/login", {"username": "alice", "password": stack.password()})
        assert login.status == 200
        answers = [alice.ask("/me") for _ in range(6)]
        assert [a.node for a in answers if a.status == 200] == [login.node] * 2, "two of six turns"

        told = outcomes(stack.lab())
        assert told["memory-round-robin"] == ("held", None)
        assert told["monolith"] == ("held", None)
        assert told["redis-round-robin"][1] == (
            "the running stack has strategy memory, and this takes redis"
        )
        assert {outcome for outcome, _ in told.values()} == {"held", "skipped"}
        assert all(reason for outcome, reason in told.values() if outcome == "skipped")

        stack.do("up", "-d", "--scale", "node=10")
        stack.meets(10, in_turn=True)
        stack.do("up", "-d", "--scale", "node=2")
        stack.meets(2)


@field(
    "containers",
    sources="docker/compose#9989",
    peers="`docker compose run` converges what a service depends on to this shell's choices",
)
def test_a_sticky_stack_keeps_its_users_and_the_lab_leaves_it_as_it_is(
    tool: tuple[str, ...], images: Images
) -> None:
    choices = {"AFFINITY": "cookie", "NODES": "4"}
    stories = ("memory-round-robin", "monolith", "sticky-node-dies")
    with up(tool, SESSIONLAB_IMAGE=images.sessionlab, **choices) as stack:
        assert "4 nodes with strategy memory" in stack.hello()
        stays(stack)
        before = stack.containers()
        told = outcomes(stack.from_another_shell().lab(*stories))
        assert stack.containers() == before
        stack.meets(4)
    assert told["memory-round-robin"][1] == (
        "the running stack has affinity cookie, and this takes none"
    )
    assert told["monolith"] == ("held", None)
    assert told["sticky-node-dies"][0] == "skipped"


@pytest.mark.parametrize(
    ("choice", "value", "says"),
    [
        ("STRATEGY", "foo", "STRATEGY is memory, redis, jwt, and not 'foo'"),
        ("NODES", "0", "NODES is a number from 1 up, and not '0'"),
    ],
)
def test_a_stack_that_cannot_be_is_refused_and_says_why(
    tool: tuple[str, ...], images: Images, choice: str, value: str, says: str
) -> None:
    stack = Stack(tool, [], {"SESSIONLAB_IMAGE": images.sessionlab, choice: value})
    try:
        with pytest.raises(AssertionError, match="secrets"):
            stack.do("up", "-d")
        assert says in stack.do("logs", "secrets")
    finally:
        stack.do("down", "-v", "-t", "1")
    assert left(stack.project) == []


@field(
    "containers",
    sources="caddyserver/caddy-docker#396",
    peers="the official Caddy does not start where it can't have `cap_net_bind_service`",
)
@pytest.mark.parametrize(
    ("overlay", "affinity"),
    [
        ("haproxy", "none"),
        ("haproxy", "cookie"),
        ("nginx", "none"),
        ("caddy", "cookie"),
    ],
)
def test_another_balancer_is_one_more_file(overlay: str, affinity: str, images: Images) -> None:
    image = as_official_caddy(images.programs) if overlay == "caddy" else images.programs
    choices = {
        "SESSIONLAB_IMAGE": images.sessionlab,
        f"{overlay.upper()}_IMAGE": image,
        "AFFINITY": affinity,
    }
    with up(TOOLS[-1], [f"{overlay}.yaml"], **choices) as stack:
        told = outcomes(stack.lab())
        assert {outcome for outcome, _ in told.values()} == {"held", "skipped"}
        assert told["monolith"][0] == "held"
        admin_is_ours_alone(stack)
        if overlay == "haproxy" and affinity == "none":
            assert told["memory-round-robin"][0] == "held"
            the_page_says_what_haproxy_does_not_tell(stack)
        if affinity != "none":
            stays(stack)
        stack.do("up", "-d", "--scale", "node=5")
        stack.meets(5)


def admin_is_ours_alone(stack: Stack) -> None:
    """The balancer's admin port answers on this machine, and no node."""
    with socket.create_connection(("127.0.0.1", int(stack.admin.rpartition(":")[2])), 10) as ours:
        ours.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert ours.recv(12).startswith(b"HTTP/1.")
    ask = "import socket; socket.create_connection(('{}', {}), 3)"
    stack.do("exec", "-T", "node", "python", "-c", ask.format("balancer", 8080))
    with pytest.raises(AssertionError, match="ConnectionRefusedError"):
        stack.do("exec", "-T", "node", "python", "-c", ask.format("balancer", 8081))


def the_page_says_what_haproxy_does_not_tell(stack: Stack) -> None:
    seen = stack.cluster(lambda one: len(nodes(one, "running")) == 3)
    assert seen["balancing"]["why"].startswith("nothing ties anybody to a node here")
    tab = stack.ask_page("/tabs", {"user": "alice"})
    sent = stack.ask_page(f"/tabs/{tab['id']}/send", {"what": "login"})
    assert sent["answers"][0]["how"] == "ok"


def as_official_caddy(programs: str) -> str:
    """That image, whose Caddy needs to be able to have a capability, as the official one's does."""
    permitted_and_effective = (0x02000001, 1 << 10, 0, 0, 0)  # VFS_CAP_REVISION_2, NET_BIND_SERVICE
    value = struct.pack("<5I", *permitted_and_effective)
    set_it = f"import os; os.setxattr('/usr/bin/caddy', 'security.capability', {value!r})"
    run = json.dumps(["python3", "-c", set_it])
    recipe = f"FROM {programs}\nUSER 0\nRUN {run}\nUSER 10001:10001\n"
    build = ["docker", "build", "-q", "--network", "none", "--label", "sessionlab.test=caddy", "-"]
    built = subprocess.run(build, input=recipe, capture_output=True, text=True, check=True)
    return built.stdout.strip()


def test_a_port_that_is_taken_is_named_and_nothing_stays_behind(images: Images) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        choices = {"SESSIONLAB_IMAGE": images.sessionlab, "PORT": port, "NODES": "1"}
        stack = Stack(TOOLS[-1], [], choices)
        try:
            with pytest.raises(AssertionError, match=f"127.0.0.1:{port}"):
                stack.do("up", "-d")
        finally:
            stack.do("down", "-v", "-t", "1")
    assert left(stack.project) == []
