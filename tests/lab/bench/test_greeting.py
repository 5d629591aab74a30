"""What `up` says of an affinity that ties none of the clients that it shows how to be."""

from __future__ import annotations

import pytest

from sessionlab.lab.bench.greeting import is_bearer, ties_nobody
from sessionlab.lab.description.cluster import Description, Service


def described(affinity: str, strategy: str = "memory", **options: str) -> Description:
    named = {name.replace("_", "-"): value for name, value in options.items()}
    return Description((Service("app", 3, strategy, named),), affinity=affinity)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (described("learn:JSESSIONID"), "this app's cookie is `sid`: learn:sid"),
        (described("learn:sid", "jwt"), "this app sets no cookie"),
        (described("header:X-User"), "no header X-User"),
        (described("learn-header:Mcp-Session-Id"), "no header Mcp-Session-Id"),
        (described("header:Authorization"), "no header Authorization"),
        (described("query:room"), "no parameter room"),
    ],
)
def test_what_ties_nobody_here_is_said_with_what_would(description: Description, says: str) -> None:
    said = ties_nobody(description)
    assert said[0].startswith(f"Nobody is tied by {description.affinity}")
    assert says in " ".join(said)
    assert max(map(len, said)) <= 80


@pytest.mark.parametrize(
    "description",
    [
        *(described(affinity) for affinity in ("none", "cookie", "source", "learn:sid")),
        described("header:User-Agent"),
        described("header:Authorization", "jwt"),
        described("learn:sid", "jwt", jwt_transport="cookie"),
        described("learn:JSESSIONID", "a-package-s-own"),
    ],
)
def test_of_what_ties_or_may_tie_nothing_is_said(description: Description) -> None:
    assert ties_nobody(description) == []


def test_a_token_in_a_cookie_is_no_bearer_s() -> None:
    assert is_bearer(described("none", "jwt"))
    assert not is_bearer(described("none", "jwt", jwt_transport="cookie"))
    assert not is_bearer(described("none"))
