import pytest

from sessionlab.balancer import affinity, algorithms
from sessionlab.balancer.affinity import KINDS
from sessionlab.balancer.algorithms import ALGORITHMS
from sessionlab.lab.description import families
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import UsageError
from sessionlab.nodes.strategies import STRATEGIES


def test_the_nodes_of_one_service_have_short_names() -> None:
    description = Description((Service(nodes=3),))
    assert [description.node_name("app", number) for number in (1, 2)] == ["n1", "n2"]


def test_the_nodes_of_several_services_carry_the_service_s_name() -> None:
    description = Description((Service("auth", 2), Service("orders", 1)))
    assert description.node_name("auth", 2) == "auth-n2"


@pytest.mark.parametrize("nodes", [0, -1, 501])
def test_a_count_of_nodes_that_cannot_be_is_refused(nodes: int) -> None:
    with pytest.raises(UsageError, match=f"{nodes} nodes"):
        Service(nodes=nodes)


def test_two_services_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="same name"):
        Description((Service("auth"), Service("auth")))


def test_several_nodes_need_a_balancer() -> None:
    with pytest.raises(UsageError, match="without a balancer"):
        Description((Service(nodes=2),), balancer=None)


@pytest.mark.parametrize("wish", ["tls", "trust_balancer"])
def test_what_is_about_the_balancer_needs_one(wish: str) -> None:
    with pytest.raises(UsageError, match="about the balancer"):
        Description((Service(nodes=1),), balancer=None, **{wish: True})  # type: ignore[arg-type]


def test_a_service_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no service named 'pay'") as raised:
        Description((Service("auth"), Service("orders"))).service("pay")
    assert "auth, orders" in raised.value.hint


@pytest.mark.parametrize(
    ("strategy", "asked", "needed"),
    [("memory", False, False), ("redis", False, True), ("jwt", True, True)],
)
def test_a_redis_is_there_when_a_strategy_needs_it_or_it_was_asked_for(
    strategy: str, asked: bool, needed: bool
) -> None:
    assert Description((Service(strategy=strategy),), redis=asked).needs_redis is needed


def test_what_is_listed_of_nodes_and_the_balancer_is_what_they_have() -> None:
    assert set(families.STRATEGIES) == set(STRATEGIES)
    assert set(families.ALGORITHMS) == set(algorithms.FORMS)
    assert set(families.AFFINITIES) == set(affinity.FORMS)
    assert len(algorithms.FORMS) == len(ALGORITHMS)
    assert len(affinity.FORMS) == len(KINDS)
