import jwt
import pytest

from sessionlab.lab.description.tokens import altered, read_token, resigned, unsigned
from sessionlab.lab.errors import StepError

KEY = "the key of the servers, long enough"
TOKEN = jwt.encode({"sub": "bob"}, KEY, algorithm="HS256", headers={"kid": "k1"})


def test_a_token_is_read_without_its_key() -> None:
    assert read_token(TOKEN) == {"sub": "bob"}


@pytest.mark.parametrize("value", ["", "an-opaque-session-id", "a.b.c", "....", "ä.ö.ü"])
def test_what_is_no_token_reads_as_nothing(value: str) -> None:
    assert read_token(value) == {}


@pytest.mark.parametrize("value", ["", "an-opaque-session-id", "a.b.c"])
def test_what_is_no_token_cannot_be_forged(value: str) -> None:
    with pytest.raises(StepError, match="no JWT"):
        altered(value, sub="alice")


def test_every_forgery_says_what_it_was_told_to_and_none_verifies() -> None:
    forgeries = [
        altered(TOKEN, sub="alice"),
        resigned(TOKEN, "a key that somebody made up, long enough", sub="alice"),
        unsigned(TOKEN, sub="alice"),
    ]
    for forgery in forgeries:
        assert read_token(forgery)["sub"] == "alice"
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(forgery, KEY, algorithms=["HS256"])


def test_a_forgery_differs_from_the_true_token_only_where_it_lies() -> None:
    forged = resigned(TOKEN, "a key that somebody made up, long enough", sub="alice")
    assert jwt.get_unverified_header(forged) == jwt.get_unverified_header(TOKEN)
    assert altered(TOKEN, sub="alice").split(".")[2] == TOKEN.split(".")[2]
    assert jwt.get_unverified_header(unsigned(TOKEN, sub="alice"))["alg"] == "none"
