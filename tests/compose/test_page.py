"""A stack with Redis, and its live page: a service that looks at all of it and can touch none."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.compose.test_files import read
from tests.compose.tools import TOOLS, Images, Stack, nodes, outcomes, stays, up
from tests.field import field

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stack(images: Images) -> Iterator[Stack]:
    """One with Redis for all tests here, each of which leaves it as it has found it."""
    wait = ("--wait",) if TOOLS[-1] != ("docker-compose",) else ()
    with up(TOOLS[-1], wait=wait, SESSIONLAB_IMAGE=images.sessionlab, STRATEGY="redis") as stack:
        yield stack


@pytest.mark.docker
@pytest.mark.timeout(300)
@field(
    "containers",
    sources="docker/compose#10596",
    peers="`--wait` of Compose 2.26 fails when a service has ended that nothing waits for",
)
@pytest.mark.skipif(TOOLS[-1] == ("docker-compose",), reason="Compose 1.29 has no --wait")
def test_up_can_wait_until_all_of_it_serves(stack: Stack) -> None:
    assert stack.browser().ask("/me").status == 401


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_the_page_logs_in_follows_the_stack_and_keeps_its_token(stack: Stack) -> None:
    assert f"docker compose -p {stack.project} logs page" in stack.hello()
    assert stack.token() not in stack.inspect() + stack.do("logs", "hello")
    assert stack.password() not in stack.do("logs")

    tab = stack.ask_page("/tabs", {"user": "alice"})
    sent = stack.ask_page(f"/tabs/{tab['id']}/send", {"what": "login"})
    assert sent["answers"][0]["how"] == "ok"
    seen = stack.cluster(lambda one: one["store"]["total"] == 1 and one["balancing"]["next"])
    assert seen["store"]["keys"][0]["says"].startswith("the session of alice")
    assert {part["seen"] for part in seen["parts"] if part["kind"] == "node"} == {"up"}
    assert seen["balancing"]["next"] in nodes(seen, "running")
    looked = stack.ask_page(f"/tabs/{tab['id']}/credential?cluster=a")
    assert [held["knows"] for held in looked["held"]] == [True] * 3
    _a_node_is_killed_as_the_page_says(stack, seen)

    before = stack.token()
    stack.do("restart", "-t", "1", "page")
    stack.cluster(lambda one: one["condition"] == "ready")
    assert stack.token() == before
    stack.do("stop", "-t", "1", "balancer")
    away = stack.cluster(lambda one: one["condition"] == "failed")
    assert "its balancer takes no connection" in away["why"]
    stack.do("start", "balancer")
    stack.cluster(lambda one: one["condition"] == "ready")


def _a_node_is_killed_as_the_page_says(stack: Stack, seen: Any) -> None:
    actions = {action["do"]: action for action in seen["actions"]}
    node, command = next(iter(actions["kill"]["by_hand"].items()))
    assert command.startswith(f"docker kill {stack.project}")
    subprocess.run(command.split(), check=True, capture_output=True)
    after = stack.cluster(lambda one: node in nodes(one, "ended"))
    again = {action["do"]: action for action in after["actions"]}["start"]["by_hand"][node]
    subprocess.run(again.split(), check=True, capture_output=True)
    stack.cluster(lambda one: node in nodes(one, "running"))


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_a_stack_with_redis_keeps_its_users_and_its_secrets_too(stack: Stack) -> None:
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


def test_the_page_gets_no_engine_s_socket_and_no_secret_of_another_part() -> None:
    page = read("compose.yaml")["services"]["page"]
    assert page["volumes"] == ["secrets-page:/secrets/page:ro", "recordings:/recordings"]
    assert page["networks"] == ["admin", "app", "store"]
    assert "environment" not in page
