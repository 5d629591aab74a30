"""What the clusters of a story are called: what is special about each, and never the same twice."""

from __future__ import annotations

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Event
from sessionlab.lab.verdicts.settings import settings


def starting(number: int, description: Description, part: str = "") -> Event:
    data = {"cluster": f"s-{number}", "part": part, **description.told()}
    return Event(0.0, "cluster.starting", "s", data)


def named(*descriptions: Description) -> list[str]:
    events = [starting(number, one) for number, one in enumerate(descriptions, 1)]
    return list(settings("s", events).values())


def of(strategy: str, **options: str) -> tuple[Service, ...]:
    return (Service("app", 3, strategy, {k.replace("_", "-"): v for k, v in options.items()}),)


def test_a_single_cluster_needs_no_name() -> None:
    assert named(Description()) == []


def test_a_cluster_is_called_by_what_the_others_have_not() -> None:
    assert named(
        Description(of("redis", cart_writes="record")),
        Description(of("redis", cart_writes="field")),
    ) == ["cart-writes record", "cart-writes field"]
    assert named(Description(), Description(affinity="cookie"), Description(one_key=False)) == [
        "no affinity",
        "affinity cookie",
        "no affinity, a key for each node",
    ]


def test_what_has_none_of_the_others_options_has_the_defaults() -> None:
    insists = Description(balancer_options={"on-pin-lost": "fail"})
    assert named(Description(), insists) == ["default options", "on-pin-lost fail"]


def test_clusters_that_are_the_same_are_told_apart_by_their_number() -> None:
    assert named(Description(), Description()) == ["cluster 1", "cluster 2"]
    jwt = Description(of("jwt"))
    assert named(Description(), jwt, jwt) == ["memory", "jwt (cluster 2)", "jwt (cluster 3)"]


def test_parts_that_are_told_side_by_side_are_called_by_their_names() -> None:
    events = [starting(1, Description(), "right"), starting(2, Description(), "wrong")]
    assert settings("s", events) == {"s-1": "right", "s-2": "wrong"}


def test_nothing_secret_is_in_a_name() -> None:
    hushed = Description(balancer_options={"cookie-secret": "hush"})
    assert "hush" not in str([hushed.told(), named(Description(), hushed)])
