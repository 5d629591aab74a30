"""A credential looked into on real clusters, whole and broken: nothing is said that is not so."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.bench.requests import Requests
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Events
from sessionlab.lab.page.credentials.looking import looked
from sessionlab.lab.page.credentials.short import credential_of
from sessionlab.lab.page.seen.looks import Looks
from sessionlab.lab.page.seen.sendings import LOOK
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.record.history import History
from sessionlab.lab.waiting import until
from tests.lab.conftest import NUMBER

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.page.model.credentials import Looked
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHOP = Path(__file__).parents[2] / "shop"
LONGEST = 2.5  # seconds that it takes, at most, on a machine that has other work


async def look(cluster: Cluster, client: Client) -> Looked:
    began = time.monotonic()
    found = await looked(cluster, client)
    assert time.monotonic() - began < LONGEST
    return found


def knows(found: Looked) -> dict[str, bool | None]:
    return {one.node: one.knows for one in found.held}


async def test_an_id_is_known_to_the_node_that_made_it_and_to_no_other(make: Make) -> None:
    async with make(nodes=3) as cluster:
        alice = cluster.client("alice")
        assert (await look(cluster, alice)).kind == "none"
        node = (await alice.login()).node
        await alice.write("tea", at=cluster.nodes[node or ""].url)
        before = len(list(cluster._visitors.told[0]))
        found = await look(cluster, alice)
        assert (found.kind, found.where, found.value) == (
            "session-id", "cookie sid", alice.credential
        )  # fmt: skip
        assert knows(found) == {name: name == node for name in cluster.nodes}
        there = next(one for one in found.held if one.knows)
        other = next(one for one in found.held if not one.knows)
        assert (there.user, there.items, there.status, there.how) == ("alice", ["tea"], 200, "ok")
        assert (other.user, other.status, other.how) == ("", 401, "refused")
        assert other.reason == "session unknown here"
        assert f"{node} knows whose it is now." in found.says
        assert (found.stored, found.jwt) == (None, None)
        assert len(list(cluster._visitors.told[0])) == before, "looking is in no history"


async def test_a_node_that_is_gone_or_frozen_or_hangs_says_nothing(make: Make) -> None:
    async with make(nodes=4) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await cluster.kill("n1")
        await cluster.faults.pause("n2")
        (pid,) = [p.pid for p in await cluster.inventory.looked_at() if p.name == "n3"]
        os.kill(pid or 0, signal.SIGSTOP)
        found = await look(cluster, alice)
        assert knows(found) == {"n1": None, "n2": None, "n3": None, "n4": False}
        said = {one.node: one.reason for one in found.held}
        assert said["n1"] == "it has ended, so it says nothing"
        assert said["n2"] == "it is frozen, so it says nothing"
        assert said["n3"] == "nothing came within 1.5 s"
        assert "none knows it; n1, n2 and n3 can't tell." in found.says
        os.kill(pid or 0, signal.SIGCONT)


async def test_a_drained_node_still_knows_its_own(make: Make) -> None:
    async with make(nodes=2, affinity="cookie") as cluster:
        alice = cluster.client("alice")
        node = (await alice.login()).node or ""
        await cluster.drain(node)
        found = await look(cluster, alice)
        assert knows(found)[node] is True
        assert found.where == "cookie sid", "the balancer's cookie is not the credential"
        await alice.logout()
        found = await look(cluster, alice)
        assert found.kind == "none"


async def test_what_redis_holds_is_shown_and_what_keeps_it_from_being_asked(make: Make) -> None:
    async with make("redis", nodes=2) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await alice.add_to_cart("tea")
        found = await look(cluster, alice)
        assert found.stored
        assert (found.stored.fields["user"], found.stored.fields["item:1"]) == ("alice", "tea")
        assert found.stored.fields["expires"].startswith("in ")
        assert found.stored.ttl
        assert found.stored.ttl > 60
        assert hashlib.sha256(alice.credential.encode()).hexdigest() not in str(found.stored)
        assert "Redis holds a session for it. n1 and n2 know whose it is now." in found.says

        await cluster.redis.fill()  # full, it still tells
        found = await look(cluster, alice)
        assert knows(found) == {"n1": True, "n2": True}
        assert found.stored
        await cluster.redis.make_room()

        await cluster.redis.flush()
        found = await look(cluster, alice)
        assert (found.stored, knows(found)) == (None, {"n1": False, "n2": False})
        assert "Redis holds nothing for it." in found.says

        (pid,) = [p.pid for p in await cluster.inventory.looked_at() if p.name == "redis"]
        os.kill(pid or 0, signal.SIGSTOP)
        found = await look(cluster, alice)
        assert "What Redis holds is not known: it does not answer" in found.says
        assert found.stored is None
        assert {one.reason for one in found.held} == {"the session store did not answer within 1 s"}
        os.kill(pid or 0, signal.SIGCONT)

        await cluster.stop_redis()
        found = await look(cluster, alice)
        assert knows(found) == {"n1": None, "n2": None}
        assert {one.status for one in found.held} == {503}
        assert "What Redis holds is not known: it has ended, so it says nothing." in found.says


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
async def test_a_token_is_verified_by_the_keys_that_nodes_have_now(
    make: Make, algorithm: str
) -> None:
    async with make("jwt", nodes=2, jwt_algorithm=algorithm) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        found = await look(cluster, alice)
        assert (found.kind, found.where) == ("jwt", "header Authorization")
        token = found.jwt
        assert token
        assert (".".join(token.raw), token.verified) == (alice.credential, True)
        assert (token.claims["sub"], token.header["alg"]) == ("alice", algorithm)
        assert token.expires_in
        assert token.expires_in > 0
        assert knows(found) == {"n1": True, "n2": True}
        await cluster.rotate_keys()
        found = await look(cluster, alice)
        assert found.jwt
        assert found.jwt.verified is True
        await cluster.retire_keys()
        found = await look(cluster, alice)
        assert found.jwt
        assert found.jwt.verified is False
        assert found.jwt.why.startswith(f"no node has the key {token.header['kid']}")
        assert knows(found) == {"n1": False, "n2": False}
        assert {one.reason for one in found.held} == {"signed by a key that is unknown here"}


async def test_where_each_node_has_a_key_of_its_own_the_page_has_none(make: Make) -> None:
    async with make("jwt", nodes=2, one_key=False) as cluster:
        alice = cluster.client("alice")
        node = (await alice.login()).node
        found = await look(cluster, alice)
        assert found.jwt
        assert found.jwt.verified is None
        assert knows(found) == {name: name == node for name in cluster.nodes}


@pytest.mark.long
async def test_a_token_that_is_over_is_signed_well_and_refused(make: Make) -> None:
    options = {"jwt-lifetime": "1", "jwt-leeway": "0", "jwt-transport": "cookie"}
    async with make(services=(Service("app", 1, "jwt", options=options),)) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await asyncio.sleep(2.1)
        found = await look(cluster, alice)
        assert found.where == "cookie sid"
        assert found.jwt
        assert found.jwt.verified is True
        assert found.jwt.why.endswith("; but its time is over, so nodes refuse it")
        assert found.jwt.expires_in
        assert found.jwt.expires_in < 0
        assert knows(found) == {"n1": False}


async def test_a_look_is_nobody_s_request_and_the_mark_is_that_of_the_logs(make: Make) -> None:
    async with make(nodes=1, watched=True) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await look(cluster, alice)
        await alice.me()
        requests, found = Requests(cluster.inventory), list[str]()
        marks = set()

        async def come() -> bool:
            for one in requests.new():
                marks.update({one.credential} - {""})
                found.extend([f"{one.method} {one.path}"] if one.id != LOOK else [])
            return len(found) >= 2

        await until("the logs to tell both", come)
        assert found == ["POST /login", "GET /me"]
        credential = credential_of(alice)
        assert credential
        assert marks == {credential.mark}
        assert credential.kind == "session-id"
        assert len(credential.short) < 8


@pytest.mark.parametrize("variant", [None, "memory", "redis"])
async def test_of_somebody_s_app_no_more_is_said_than_it_says(
    fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch, variant: str | None
) -> None:
    monkeypatch.setenv("SHOP_PYTHON", sys.executable)
    description = Description((Service.of(Chosen.read(SHOP, variant), 2),))
    sandbox = fabric.sandbox(f"cluster-{next(NUMBER)}")
    async with Cluster(description, sandbox, history=History(), events=Events()) as cluster:
        alice = cluster.client("alice")
        node = (await alice.login()).node
        found = await look(cluster, alice)
        assert (found.kind, found.stored, found.jwt) == ("other", None, None)
        assert found.where.startswith("cookie ")
        assert found.says.startswith("What its app made of it is for the app alone to read.")
        everywhere = variant == "redis"
        assert knows(found) == {name: everywhere or name == node for name in cluster.nodes}
        looks = Looks(cluster)
        store = await looks.store()
        assert (store is None) == (variant != "redis")
        assert not store or alice.credential not in str(store)
        await looks.close()


async def test_tokens_are_told_apart_in_short(make: Make) -> None:
    async with make("jwt", nodes=1) as cluster:
        alice, bob = cluster.client("alice"), cluster.client("bob")
        assert credential_of(alice) is None
        await alice.login()
        await bob.login()
        both = [credential_of(one) for one in (alice, bob)]
        assert both[0] != both[1]
        assert [one.kind for one in both if one] == ["jwt", "jwt"]
