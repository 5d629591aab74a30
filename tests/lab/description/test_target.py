"""A stack that runs already, as a user writes it down, and which stories it can show."""

import pytest

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.description.target import Target, parse_target
from sessionlab.lab.errors import Skip, StartError, UsageError

STACK = Target("http://balancer:8080", "node", 8001, "secret", affinity="cookie")


def test_a_target_is_written_in_one_word() -> None:
    text = "http://balancer:8080/,nodes=node:8001,affinity=cookie,balancer=haproxy"
    assert parse_target(text, "secret") == Target(
        "http://balancer:8080", "node", 8001, "secret", affinity="cookie", balancer="haproxy"
    )


@pytest.mark.parametrize(
    "text",
    [
        "balancer:8080,nodes=node:8001",
        "http://balancer:8080",
        "http://balancer:8080,nodes=node",
        "http://balancer:8080,nodes=node:8001,colour=blue",
        "http://[,nodes=node:8001",
        "",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        parse_target(text, "secret")


def test_a_target_s_password_is_needed_and_never_shown() -> None:
    with pytest.raises(UsageError, match="password"):
        parse_target("http://balancer:8080,nodes=node:8001", "")
    assert "secret" not in repr(STACK)


def test_nodes_that_cannot_be_found_are_an_error_before_anything_is_told() -> None:
    lost = Target("http://balancer:8080", "no-such-host.invalid", 8001, "secret")
    with pytest.raises(StartError, match=r"no-such-host\.invalid"):
        lost.addresses()


@pytest.mark.parametrize(
    ("description", "why"),
    [
        (Description((Service("auth"), Service("orders")), affinity="cookie"), "one service"),
        (Description(affinity="none"), "affinity cookie, and this takes none"),
        (Description(affinity="cookie", algorithm="random"), "algorithm round-robin, and this"),
        (Description(affinity="cookie", one_key=False), "share their signing key"),
        (Description((Service(options={"idle": "1"}),), affinity="cookie"), "options of their own"),
        (Description(affinity="cookie", balancer_options={"panic": ""}), "options of their own"),
        (Description(affinity="cookie", jwt_algorithm="EdDSA"), "another signing algorithm"),
        (Description(affinity="cookie", tls=True), "an edge of its own"),
    ],
)
def test_what_a_stack_is_not_is_skipped_with_the_reason(description: Description, why: str) -> None:
    with pytest.raises(Skip, match=why):
        STACK.suit(description)


def test_what_a_stack_is_can_be_told_on_it() -> None:
    STACK.suit(Description(affinity="cookie"))
    STACK.suit(Description((Service(nodes=1),), balancer=None))
