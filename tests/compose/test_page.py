"""The live page of the stack: one more service, which looks at all of it and can touch none."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.compose.test_files import read
from tests.compose.tools import TOOLS, Images, Stack, up


def names(cluster: Any, state: str) -> list[str]:
    nodes = [part for part in cluster["parts"] if part["kind"] == "node"]
    return [part["name"] for part in nodes if part["state"] == state]


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_the_page_logs_in_follows_the_stack_and_keeps_its_token(images: Images) -> None:
    with up(TOOLS[-1], SESSIONLAB_IMAGE=images.sessionlab, STRATEGY="redis") as stack:
        assert f"docker compose -p {stack.project} logs page" in stack.hello()
        assert stack.token() not in stack.inspect() + stack.do("logs", "hello")
        assert stack.password() not in stack.do("logs")

        tab = stack.ask_page("/tabs", {"user": "alice"})
        sent = stack.ask_page(f"/tabs/{tab['id']}/send", {"what": "login"})
        assert sent["answers"][0]["how"] == "ok"
        seen = stack.cluster(lambda one: one["store"]["total"] == 1 and one["balancing"]["next"])
        assert seen["store"]["keys"][0]["says"].startswith("the session of alice")
        assert {part["seen"] for part in seen["parts"] if part["kind"] == "node"} == {"up"}
        assert seen["balancing"]["next"] in names(seen, "running")
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
    after = stack.cluster(lambda one: node in names(one, "ended"))
    again = {action["do"]: action for action in after["actions"]}["start"]["by_hand"][node]
    subprocess.run(again.split(), check=True, capture_output=True)
    stack.cluster(lambda one: node in names(one, "running"))


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_behind_another_balancer_the_page_says_what_that_does_not_tell(images: Images) -> None:
    choices = {"SESSIONLAB_IMAGE": images.sessionlab, "HAPROXY_IMAGE": images.programs}
    with up(TOOLS[-1], ["haproxy.yaml"], **choices) as stack:
        stack.hello()
        seen = stack.cluster(lambda one: len(names(one, "running")) == 3)
        assert seen["balancing"]["why"].startswith("nothing ties anybody to a node here")
        tab = stack.ask_page("/tabs", {"user": "alice"})
        sent = stack.ask_page(f"/tabs/{tab['id']}/send", {"what": "login"})
        assert sent["answers"][0]["how"] == "ok"


def test_the_page_gets_no_engine_s_socket_and_no_secret_of_another_part() -> None:
    page = read("compose.yaml")["services"]["page"]
    assert page["volumes"] == ["secrets-page:/secrets/page:ro", "recordings:/recordings"]
    assert page["networks"] == ["admin", "app", "store"]
    assert "environment" not in page
