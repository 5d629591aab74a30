import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.nodes.errors import Malformed
from sessionlab.nodes.web.bodies import Credentials, parse_object


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "body-not-json"),
        (b"{", "body-not-json"),
        (b"{'a': 1}", "body-not-json"),
        (b'{"a": NaN}', "body-not-json"),
        (b'{"a": 1}x', "body-not-json"),
        (b"[" * 16000, "body-not-json"),
        (b'{"a":' * 3000, "body-not-json"),
        (b'{"a": ' + b"9" * 8000 + b"}", "body-not-json"),
        (b"\xff\xfe{}", "body-not-utf8"),
        ('{"a": "é"}'.encode("latin-1"), "body-not-utf8"),
        (b"[]", "body-not-object"),
        (b'"text"', "body-not-object"),
        (b"null", "body-not-object"),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_object(body)
    assert caught.value.code == code


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_any_object_is_read(document: dict[str, object]) -> None:
    assert parse_object(json.dumps(document).encode()) == document


@given(st.binary())
def test_nothing_but_a_refusal_comes_of_garbage(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(parse_object(body), dict)


def test_a_password_is_not_in_a_repr() -> None:
    assert "secret" not in repr(Credentials("alice", "secret"))
