"""A probe of real servers: each finding in its good and its bad form."""

from __future__ import annotations

import time

import jwt
import pytest
from msgspec.structs import replace

from sessionlab.lab.clients.network import ANY_NETWORK
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.outside.credentials import credentials
from sessionlab.lab.outside.findings import Finding, findings
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.probing import Probe, planned
from sessionlab.lab.outside.reaching import address
from tests.lab.outside.shops import FLAGS, Served, Shop, recipe

FAST = 500.0  # requests a second


async def probed(shop: Shop, most: int = 200, rate: float = FAST) -> dict[str, Finding]:
    """The last finding of each topic."""
    described = recipe()
    with Served(shop) as served:
        pacer = Pacer(rate, most, strictly=True)
        plan = planned(described, most)
        seen = await Probe(described, address(served.url), ANY_NETWORK, pacer, plan).run()
    return {finding.topic: finding for finding in (*findings(seen), *credentials(seen))}


async def test_a_shared_store_is_well_and_says_so() -> None:
    found = await probed(Shop())
    for topic in ("new-connections", "at-once", "reads", "replay", "fixation"):
        assert found[topic].severity == "good", found[topic]
    assert found["affinity-cookie"].says == "no known affinity cookie is set"
    assert "x-served-by" in found["node"].says


async def test_memory_without_affinity_loses_the_session_over_new_connections() -> None:
    found = await probed(Shop(nodes=2, shared=False))
    assert found["new-connections"].severity == found["at-once"].severity == "bad"
    assert "4 of 8 recognised, 4 nobody" in found["new-connections"].evidence


async def test_one_node_that_knows_nobody_is_no_login() -> None:
    with pytest.raises(NothingShown, match="could not log in"):
        await probed(Shop(nodes=200, shared=False))


async def test_memory_with_an_affinity_cookie_needs_that_cookie() -> None:
    found = await probed(Shop(shared=False, affinity="AWSALB"))
    assert "AWS Application Load Balancer" in found["affinity-cookie"].says
    assert "docs.aws.amazon.com" in found["affinity-cookie"].evidence
    assert found["new-connections"].severity == "good"
    assert found["without-affinity"].severity == "warn"
    assert "nobody" in found["without-affinity"].evidence


async def test_a_shared_store_does_not_need_the_affinity_cookie() -> None:
    found = await probed(Shop(affinity="SERVERID"))
    assert found["without-affinity"].severity == "good"


async def test_nodes_that_read_their_own_copies_are_older_than_the_writes() -> None:
    found = await probed(Shop(copies=True))
    assert found["reads"].severity == "bad"
    assert "reads miss" in found["reads"].evidence


async def test_a_session_that_outlives_its_logout_can_be_replayed() -> None:
    found = await probed(Shop(keeps_after_logout=True))
    assert found["replay"].severity == "bad"
    assert "8 of 8 recognised" in found["replay"].evidence


async def test_an_id_that_survives_the_login_is_a_fixation() -> None:
    found = await probed(Shop(fixed_id=True))
    assert found["fixation"].severity == "bad"
    assert "sid" in found["fixation"].says


async def test_an_id_that_the_form_of_a_login_gives_is_a_fixation_too() -> None:
    form = {"username": "{user}", "password": "{password}"}
    shop = Shop(fixed_id=True, fixed_from="/login")
    described = recipe(login=[{"get": "/login"}, {"post": "/login", "form": form}])
    with Served(shop) as served:
        plan, pacer = planned(described, 200), Pacer(FAST, 200, strictly=True)
        seen = await Probe(described, address(served.url), ANY_NETWORK, pacer, plan).run()
    assert pacer.sent <= plan.requests
    found = {finding.topic: finding for finding in credentials(seen)}
    assert found["fixation"].severity == "bad"


@pytest.mark.parametrize(
    ("flags", "severity", "says"),
    [
        (FLAGS, "info", "no Secure"),
        ({"samesite": "Lax"}, "warn", "no HttpOnly"),
        ({"httponly": True, "samesite": "None"}, "bad", "SameSite=None"),
        ({"httponly": True}, "info", "no SameSite"),
    ],
)
async def test_the_flags_of_the_session_cookie_are_looked_at(
    flags: dict[str, object], severity: str, says: str
) -> None:
    found = await probed(Shop(flags=flags))
    assert found["session-cookie"].severity == severity
    assert says in found["session-cookie"].says


async def test_a_token_s_algorithm_lifetime_and_claims_are_told_and_no_value() -> None:
    claims = {"sub": "user1", "iat": int(time.time()), "exp": int(time.time()) + 900}
    key = "k" * 32
    found = await probed(Shop(token=jwt.encode(claims, key, algorithm="HS256")))
    assert found["jwt"].severity == "info"
    assert found["jwt"].says == "the JWT in the cookie access is good for 15 minutes"
    assert found["jwt"].evidence == "algorithm HS256; claims: exp, iat, sub"
    found = await probed(Shop(token=jwt.encode({"sub": "user1"}, "", algorithm="none")))
    assert found["jwt"].severity == "bad"
    assert "never expires" in found["jwt"].says
    assert "user1" not in found["jwt"].evidence


async def test_a_me_that_answers_everybody_the_same_is_found_first() -> None:
    found = await probed(Shop(everybody=True))
    assert found["stranger"].severity == "bad"


async def test_a_wrong_password_is_nothing_shown_and_says_what_came() -> None:
    with pytest.raises(NothingShown, match="user1 could not log in") as error:
        await probed(Shop(password="another"))
    assert "open-sesame" not in str(error.value)
    assert "401" in str(error.value)


async def test_it_never_sends_more_than_was_allowed() -> None:
    shop = Shop()
    found = await probed(shop, most=24)
    assert len(shop.asked) <= 24
    assert found["replay"].severity in ("good", "unknown")
    with pytest.raises(UsageError, match="too few"):
        planned(recipe(), 5)


async def test_what_the_limit_left_out_is_unknown() -> None:
    shop = Shop()
    described = recipe()
    with Served(shop) as served:
        pacer = Pacer(FAST, 12, strictly=True)
        plan = planned(described, 200)
        seen = await Probe(described, address(served.url), ANY_NETWORK, pacer, plan).run()
    assert len(shop.asked) == 12
    found = {finding.topic: finding for finding in findings(seen)}
    assert found["replay"].severity == found["reads"].severity == "unknown"
    assert "the limit of 12 requests was reached" in found["replay"].evidence


async def test_a_system_that_stops_answering_is_not_asked_on_and_on() -> None:
    shop, described = Shop(hangs_from=12), recipe()
    steps = {name: replace(described.steps(name)[0], within=0.1) for name in ("me", "read")}
    described = replace(described, **steps)
    with Served(shop) as served:
        plan, pacer = planned(described, 200), Pacer(FAST, 200, strictly=True)
        seen = await Probe(described, address(served.url), ANY_NETWORK, pacer, plan).run()
    assert len(shop.asked) < 20
    assert "it had stopped answering" in seen.notes[0]
    found = {finding.topic: finding for finding in findings(seen)}
    assert {found[topic].severity for topic in ("replay", "reads", "at-once")} == {"unknown"}


async def test_no_second_has_more_requests_than_the_rate_says() -> None:
    shop = Shop()
    described = recipe()
    with Served(shop) as served:
        pacer = Pacer(20, 200, strictly=True)
        plan = planned(described, 30)
        await Probe(described, address(served.url), ANY_NETWORK, pacer, plan).run()
    for number, at in enumerate(shop.at[20:], 20):
        assert at - shop.at[number - 20] > 0.9


async def test_a_429_slows_it_down_and_is_told() -> None:
    shop = Shop(too_many=9)
    described = recipe()
    with Served(shop) as served:
        pacer = Pacer(FAST, 200, strictly=True)
        seen = await Probe(
            described, address(served.url), ANY_NETWORK, pacer, planned(described, 30)
        ).run()
    assert pacer.rate <= FAST / 2
    assert any("429" in note for note in seen.notes)
    assert any("Retry-After" in note for note in seen.notes)
