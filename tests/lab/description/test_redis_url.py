from __future__ import annotations

import pytest

from sessionlab.lab.description.redis_url import checked
from sessionlab.lab.errors import UsageError
from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.stores.redis_url import pool_of
from tests.field import field
from tests.nodes.stores.test_redis_url import GOOD, UNENCODED, WRONG


@pytest.mark.parametrize("url", [url for url, _ in GOOD])
def test_what_a_node_takes_is_taken(url: str) -> None:
    assert checked(url) == url


@field(
    "tokens",
    sources="wandb/weave#6907",
    peers="redis-py takes any option; the first command fails, if any does",
)
@pytest.mark.parametrize("url", [url for url, _ in WRONG])
def test_a_redis_url_that_a_node_would_refuse_starts_nothing(url: str) -> None:
    with pytest.raises((UsageError, OptionError)):
        # What only the client can tell is refused by every node at its start.
        pool_of(checked(url), timeout=1.0, connections=1)


@field("tokens", sources="celery/celery#7864, jhao104/proxy_pool#598")
@pytest.mark.parametrize("url", UNENCODED)
def test_the_lab_never_prints_a_password_of_a_redis_url(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        checked(url)
    assert "secret" not in f"{raised.value} {raised.value.hint}"
    assert "hu" not in f"{raised.value}"
