"""Steps are told to who follows a story, and to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.clients.client import Client
from sessionlab.lab.events import STEP, Event, Events
from sessionlab.lab.scenario.lab import SETTINGS, Lab

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def tell(events: Events, fabric: LocalFabric) -> Lab:
    lab = Lab(SETTINGS, fabric, events)
    async with lab.single_server() as server:
        alice, bob = server.client("alice"), server.client("alice")
        await lab.everyone([alice], Client.login)
        bob.copy_credential(alice)
        async with lab.asking([alice, bob], Client.me) as traffic:
            await traffic.round()
            await alice.add_to_cart("a book")
        bob.present("eyJ-a-secret")
        await bob.me_times(times=2)
        await lab.at_once(alice.cart(), bob.logout())
    return lab


async def test_a_step_is_told_before_it_and_what_it_consists_of_is_not(
    fabric: LocalFabric,
) -> None:
    heard: list[Event] = []
    events = Events()
    events.follow(heard.append)
    await tell(events, fabric)

    steps = [dict(event.data) for event in heard if event.kind == STEP]
    (started,) = (event for event in heard if event.kind == "cluster.starting")
    assert {step.pop("cluster", "") for step in steps} == {"", started.data["cluster"]}
    assert steps[:-3] == [
        {"does": "everyone", "who": ["alice"], "what": "login"},
        {"does": "copy_credential", "who": ["alice (tab 2)"], "of": ["alice"]},
        {"does": "asking", "who": ["alice", "alice (tab 2)"], "what": "me"},
        {"does": "write", "who": ["alice"], "item": "a book"},
        {"does": "present", "who": ["alice (tab 2)"]},
        {"does": "me_times", "who": ["alice (tab 2)"], "times": 2},
    ]
    assert [step["does"] for step in steps[-3:-2]] == ["at_once"]
    assert {str(step["does"]) for step in steps[-2:]} == {"read", "logout"}
    kinds = [event.kind for event in heard]
    assert kinds.index(STEP) < kinds.index("request.completed")


async def test_reports_hear_no_steps(fabric: LocalFabric) -> None:
    heard: list[Event] = []
    events = Events(heard.append)
    with events.recording("") as told:
        await tell(events, fabric)

    assert STEP not in {event.kind for event in [*heard, *told]}


async def test_a_claim_is_told_with_what_was_expected_and_observed(fabric: LocalFabric) -> None:
    heard: list[Event] = []
    Lab(SETTINGS, fabric, Events(heard.append)).claim("It works", expected=[1, 2], observed="no")
    assert heard[0].data == {
        "text": "It works",
        "expected": "1, 2",
        "observed": "no",
        "holds": False,
    }
