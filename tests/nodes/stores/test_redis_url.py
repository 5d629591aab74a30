import pytest

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.stores.redis_url import pool_of
from tests.field import field

GOOD: list[tuple[str, dict[str, object]]] = [
    ("redis://h", {"host": "h"}),
    ("redis://h/", {"host": "h"}),
    ("redis://h:1/2", {"host": "h", "port": 1, "db": 2}),
    ("redis://[::1]:1/0", {"host": "::1", "port": 1, "db": 0}),
    ("redis://me:pa%2Fss%23@h", {"username": "me", "password": "pa/ss#", "host": "h"}),
    ("redis://h?db=3&client_name=me", {"host": "h", "db": 3, "client_name": "me"}),
    ("unix:///run/redis?db=1", {"path": "/run/redis", "db": 1}),
    ("unix://:secret@/run/redis", {"path": "/run/redis", "password": "secret"}),
    ("rediss://h?ssl_cert_reqs=none", {"host": "h", "ssl_cert_reqs": "none"}),
    ("rediss://h?ssl_ca_certs=/ca.pem", {"host": "h", "ssl_ca_certs": "/ca.pem"}),
]
WRONG = [
    ("redis://h?decode_responses=true", "decode_responses is no option"),
    ("redis://h?visibility_timeout=3600", "visibility_timeout is no option"),
    ("redis://h?socket_timeout=60", "socket_timeout is no option"),
    ("redis://h?max_connections=1", "max_connections is no option"),
    ("redis://h?ssl_cert_reqs=none", "ssl_cert_reqs is an option of rediss://"),
    ("rediss://h?ssl_cert_reqs=maybe", "is not a Redis URL"),
    ("redis://h?db=x", "is not a Redis URL"),
    ("redis://h/abc", "is not a Redis URL"),
    ("redis://h/0/1", "is not a Redis URL"),
    ("redis://h/-1", "is not a Redis URL"),
    ("redis://h:99999/0", "is not a Redis URL"),
    ("redis://", "is not a Redis URL"),
    ("redis://h/0\n", "is not a Redis URL"),
    ("http://h", "is not a Redis URL"),
    ("unix://", "is not a Redis URL"),
    ("", "is not a Redis URL"),
]
UNENCODED = [
    "redis://:hu/secret@h:1/0",
    "redis://:hu#secret@h:1/0",
    "redis://:hu?secret@h:1/0",
    "redis://:hu?secret=1@h:1/0",
    "redis://h:1/0?hu-secret",
    "redis://me:1/hu-secret@h:1/0",
    "redis://me:1#hu-secret@h:1/0",
    "redis://me:1?hu-secret@h:1/0",
    "http://me:hu-secret@h",
]


@pytest.mark.parametrize(
    ("url", "arguments"),
    GOOD,
)
def test_a_url_says_where_redis_is_and_how_to_get_in(
    url: str, arguments: dict[str, object]
) -> None:
    assert pool_of(url, timeout=1.0, connections=1).connection_kwargs.items() >= arguments.items()


@field(
    "tokens",
    sources="wandb/weave#6907",
    peers="redis-py hands an option that it does not know to the connection, which fails at its"
    " first use, and takes `/abc` for database 0",
)
@pytest.mark.parametrize(
    ("url", "says"),
    WRONG,
)
def test_a_redis_url_with_what_a_node_does_not_understand_is_refused(url: str, says: str) -> None:
    with pytest.raises(OptionError) as caught:
        pool_of(url, timeout=1.0, connections=1)
    assert says in str(caught.value)
    assert "--redis-url" in str(caught.value)


@field("tokens", sources="celery/celery#7864, jhao104/proxy_pool#598")
@pytest.mark.parametrize(
    "url",
    UNENCODED,
)
def test_a_password_that_should_have_been_encoded_is_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(OptionError) as caught:
        pool_of(url, timeout=1.0, connections=1)
    assert "hu" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "%2F" in str(caught.value)
