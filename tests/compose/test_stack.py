"""`docker compose up`, for real: the stack with each balancer, and the lab run against it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.compose.tools import TOOLS, Images, Stack, left, up

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(params=TOOLS, ids=" ".join)
def tool(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


def outcomes(result: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    scenarios = result["scenarios"]
    return {story["name"]: (story["outcome"], story["reason"]) for story in scenarios}


def test_a_stack_comes_up_says_how_to_try_it_and_grows(
    tool: tuple[str, ...], images: Images
) -> None:
    with up(tool, SESSIONLAB_IMAGE=images.sessionlab) as stack:
        assert f"{stack.url} " in stack.do("logs", "hello")
        assert stack.password() not in stack.do("logs")
        stack.meets(3, in_turn=True)

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


def test_a_sticky_stack_keeps_its_users(images: Images) -> None:
    with up(TOOLS[0], SESSIONLAB_IMAGE=images.sessionlab, AFFINITY="cookie") as stack:
        stays(stack)
        told = outcomes(stack.lab())
        assert told["monolith"][0] == "held"
        assert told["memory-round-robin"][1] == (
            "the running stack has affinity cookie, and this takes none"
        )
        assert told["sticky-node-dies"][0] == "skipped"


def test_a_stack_with_redis_keeps_its_users_and_its_secrets_too(images: Images) -> None:
    with up(TOOLS[0], SESSIONLAB_IMAGE=images.sessionlab, STRATEGY="redis") as stack:
        stays(stack)
        assert outcomes(stack.lab())["redis-round-robin"] == ("held", None)

        secrets = stack.do("exec", "-T", "node", "cat", "/secrets/node/env").splitlines()
        values = [line.split("=", 1)[1].strip("'") for line in secrets]
        shown = stack.do("config") + stack.inspect() + stack.do("logs")
        assert len(values) == 4
        assert not [value for value in values if value in shown and not value.startswith("/")]

        before = stack.password()
        stack.do("stop", "-t", "1")
        stack.do("up", "-d")
        assert stack.password() == before


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
    choices = {
        "SESSIONLAB_IMAGE": images.sessionlab,
        f"{overlay.upper()}_IMAGE": images.programs,
        "AFFINITY": affinity,
    }
    with up(TOOLS[0], [f"{overlay}.yaml"], **choices) as stack:
        told = outcomes(stack.lab())
        assert {outcome for outcome, _ in told.values()} == {"held", "skipped"}
        assert told["monolith"][0] == "held"
        if overlay == "haproxy" and affinity == "none":
            assert told["memory-round-robin"][0] == "held"
        if affinity != "none":
            stays(stack)
        stack.do("up", "-d", "--scale", "node=5")
        stack.meets(5)


def stays(stack: Stack) -> None:
    """Several users log in, and every request of each is recognised."""
    password = stack.password()
    for number in range(1, 6):
        user = stack.browser()
        name = f"user-{number:06d}"
        assert user.ask("/login", {"username": name, "password": password}).status == 200
        assert [user.ask("/me").status for _ in range(4)] == [200] * 4


def test_a_port_that_is_taken_is_named_and_nothing_stays_behind(images: Images) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        stack = Stack(TOOLS[0], [], {"SESSIONLAB_IMAGE": images.sessionlab, "PORT": port})
        try:
            with pytest.raises(AssertionError, match=f"127.0.0.1:{port}"):
                stack.do("up", "-d")
        finally:
            stack.do("down", "-v", "-t", "1")
    assert left(stack.project) == []
