"""Forgeries, as real nodes take them; the tab goes on with what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.lab.errors import StepError
from sessionlab.lab.page.credentials.forging import MOST, forged
from sessionlab.lab.page.credentials.tokens import opened
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.credentials import Forgery
from sessionlab.lab.page.seen.sendings import Sendings

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def forge(client: Client, **forgery: Any) -> tuple[str, str]:
    """How it went, and why; whatever that was, the client's own credential stays."""
    before = client.credential
    found = await forged(client, Forgery(**forgery), "t1", Sendings())
    assert client.credential == before
    return found.answer.how, found.why


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
async def test_a_token_that_was_tampered_with_is_refused_for_the_reason_shown(
    make: Make, algorithm: str
) -> None:
    async with make("jwt", nodes=2, jwt_algorithm=algorithm) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        before = len(list(cluster._visitors.told[0]))
        token = opened(alice.credential)
        assert token
        bob = {**token.claims, "sub": "bob"}
        how, why = await forge(alice, claims=bob)
        assert (how, "does not fit" in why) == ("refused", True)
        how, why = await forge(alice, claims=bob, sign="own-key")
        assert (how, "a key of one's own" in why) == ("refused", True)
        how, why = await forge(alice, claims=bob, sign="none")
        assert (how, "without a signature" in why) == ("refused", True)
        how, why = await forge(alice, header={**token.header, "kid": "another"})
        assert (how, why) == ("refused", "It names a key that the node does not have.")
        how, why = await forge(alice, claims=token.claims)
        assert (how, why.startswith("Nothing was changed")) == ("ok", True)
        how, why = await forge(alice, value="a.b.c")
        assert (how, "the form" in why) == ("refused", True)
        assert len(list(cluster._visitors.told[0])) == before, "forging is in no history"
        assert (await alice.me()).recognised


async def test_a_token_of_somebody_else_s_is_good_for_whoever_shows_it(make: Make) -> None:
    async with make("jwt", nodes=1) as cluster:
        alice, bob = cluster.client("alice"), cluster.client("bob")
        await alice.login()
        await bob.login()
        how, why = await forge(alice, value=bob.credential)
        assert (how, why) == ("ok", "It is good: whoever shows it is taken for bob.")


@pytest.mark.parametrize("strategy", ["memory", "redis"])
async def test_an_id_can_t_be_guessed_and_one_that_was_stolen_is_good(
    make: Make, strategy: str
) -> None:
    async with make(strategy, nodes=1, affinity="cookie") as cluster:
        alice, bob = cluster.client("alice"), cluster.client("bob")
        await alice.login()
        await bob.login()
        how, why = await forge(alice, value="A" * 43)
        assert (how, why.startswith("There is no session of that id")) == ("refused", True)
        how, why = await forge(alice, value="admin")
        assert (how, "the form" in why) == ("refused", True)
        assert (await forge(alice, value=bob.credential))[0] == "ok"
        assert (await alice.me()).operation.user == "alice"


async def test_what_nobody_has_looked_at_is_not_called_refused(make: Make) -> None:
    async with make("redis", nodes=1) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        await cluster.stop_redis()
        how, why = await forge(alice, value="A" * 43)
        assert (how, why.startswith("Nobody has looked at it")) == ("failed", True)
        await cluster.kill("n1")
        how, why = await forge(alice, value="A" * 43)
        assert (how, why.startswith("Nobody has looked at it")) == ("failed", True)


async def test_a_token_in_a_cookie_is_forged_there(make: Make) -> None:
    from sessionlab.lab.description.cluster import Service  # noqa: PLC0415

    options = {"jwt-transport": "cookie"}
    async with make(services=(Service("app", 1, "jwt", options=options),)) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        token = opened(alice.credential)
        assert token
        how, why = await forge(alice, claims={**token.claims, "sub": "bob"})
        assert (how, "does not fit" in why) == ("refused", True)


@pytest.mark.parametrize(
    ("forgery", "field"),
    [
        ({"value": ""}, "value"),
        ({"value": "two words"}, "value"),
        ({"value": "a;b"}, "value"),
        ({"value": "a\r\nX-Evil: 1"}, "value"),
        ({"value": "ä"}, "value"),
        ({"value": "a" * (MOST + 1)}, "value"),
        ({"value": "a", "claims": {}}, "value"),
        ({"claims": {"cart": ["x" * MOST]}}, "claims"),
    ],
)
async def test_a_field_that_makes_no_sense_is_named(
    make: Make, forgery: dict[str, Any], field: str
) -> None:
    async with make("jwt", nodes=1) as cluster:
        alice = cluster.client("alice")
        with pytest.raises(StepError):
            await forge(alice, value="a")
        await alice.login()
        with pytest.raises(WrongField) as wrong:
            await forge(alice, **forgery)
        assert wrong.value.field == field


async def test_an_id_has_no_claims(make: Make) -> None:
    async with make("memory", nodes=1) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        with pytest.raises(WrongField, match="no JWT"):
            await forge(alice, claims={"sub": "bob"})
