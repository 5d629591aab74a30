import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.tokens.keys import Algorithm, KeySource, generate, parse
from tests.field import field
from tests.nodes.material import b64, jwk_set, oct_key, okp_key


def test_the_kids_come_in_the_order_of_the_file_the_signing_one_first() -> None:
    assert parse(jwk_set(oct_key("b"), oct_key("a")), "HS256").kids == ["b", "a"]


def test_a_secret_has_no_public_form() -> None:
    assert parse(jwk_set(oct_key()), "HS256").public() == {"keys": []}


def test_the_public_form_of_a_private_key_has_nothing_private() -> None:
    key = okp_key("k1")
    (public,) = parse(jwk_set(key), "EdDSA").public()["keys"]
    assert public == {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "k1",
        "use": "sig",
        "alg": "EdDSA",
        "x": key["x"],
    }


def test_a_public_key_verifies_beside_one_that_signs() -> None:
    published = okp_key("next")
    del published["d"]
    ring = parse(jwk_set(okp_key("now"), published), "EdDSA")
    assert ring.kids == ["now", "next"]
    assert [key.signing is None for key in ring.keys] == [False, True]


def test_a_key_never_shows_its_secret() -> None:
    key = oct_key()
    ring = parse(jwk_set(key), "HS256")
    assert repr(ring.keys[0]) == "Key('k1')"


RSA = {"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}
UNKNOWN = [
    {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "k1"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    RSA,
    {"kty": 7, "kid": "n"},
    {"kid": "nothing"},
    okp_key("of another kind"),
    oct_key("k1", use="enc"),
    oct_key("other", alg="HS512"),
    oct_key("wrapping", key_ops=["wrapKey", "unwrapKey"]),
]


@field(
    "tokens",
    sources="RFC 7517 section 5, latchset/jwcrypto#385, jpadilla/pyjwt#862, PrefectHQ/fastmcp#4517",
    peers="joserfc and jwcrypto refused the whole set until 2026",
)
@pytest.mark.parametrize("key", UNKNOWN, ids=range(len(UNKNOWN)))
def test_a_key_of_another_type_or_use_is_passed_over_and_the_rest_of_the_set_works(
    key: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    ring = parse(jwk_set(key, oct_key("k1"), key, oct_key("k2")), "HS256")
    assert ring.kids == ["k1", "k2"]
    assert "key 1" in caplog.messages[0]
    assert "key 3" in caplog.messages[1]


@field("tokens", sources="RFC 7517 section 4.3")
def test_key_ops_say_what_a_key_is_for_as_use_does() -> None:
    verifying = oct_key("old", key_ops=["verify"])
    ring = parse(jwk_set(oct_key("new", key_ops=["verify", "sign"]), verifying), "HS256")
    assert [key.signing is None for key in ring.keys] == [False, True]
    with pytest.raises(OptionError, match=r"the first key .+ signs"):
        parse(jwk_set(verifying), "HS256")
    # A private key as browsers export it says "sign" alone: its public half verifies.
    ring = parse(jwk_set(okp_key(key_ops=["sign"])), "EdDSA")
    assert ring.keys[0].signing is not None
    with pytest.raises(OptionError, match='"key_ops"'):
        parse(jwk_set(oct_key(key_ops="sign")), "HS256")


PUBLIC_ONLY = {name: value for name, value in okp_key().items() if name != "d"}


REFUSED = [
    ("", "HS256", "not JSON"),
    ("[" * 100_000, "HS256", "not JSON"),
    ("[]", "HS256", "not a JWK set"),
    ('{"keys": []}', "HS256", "one key or more"),
    ('{"keys": [1]}', "HS256", "key 1 is not an object"),
    (jwk_set({"kty": "oct"}), "HS256", 'key 1 has no "kid"'),
    (jwk_set(oct_key(size=31)), "HS256", "31 bytes; HS256 needs 32"),
    (jwk_set(oct_key(), oct_key()), "HS256", "same kid"),
    (jwk_set({"kty": "oct", "kid": "a"}), "HS256", 'no "k"'),
    (jwk_set({"kty": "oct", "kid": "a", "k": "!!!"}), "HS256", "base64url"),
    (jwk_set({"kty": "oct", "kid": "a", "k": "é"}), "HS256", "base64url"),
    (jwk_set(okp_key()), "HS256", 'needs kty "oct"'),
    (jwk_set(oct_key()), "EdDSA", "Ed25519"),
    (jwk_set(oct_key(alg="HS512")), "HS256", "--jwt-algorithm is HS256"),
    (jwk_set(oct_key(use="enc")), "HS256", "not for signatures"),
    (jwk_set(oct_key(key_ops=["sign"])), "HS256", "not for verifying"),
    (jwk_set(oct_key(key_ops=["encrypt"])), "HS256", "not for verifying"),
    (jwk_set(oct_key(), {**oct_key("bad"), "k": "!!!"}), "HS256", "key 2 .*base64url"),
    (jwk_set(okp_key(crv="Ed448")), "EdDSA", "Ed25519"),
    (jwk_set(okp_key(x=b64(b"short"))), "EdDSA", "32 bytes each"),
    (jwk_set(okp_key(d=okp_key()["d"])), "EdDSA", "not the public key"),
    (jwk_set(PUBLIC_ONLY), "EdDSA", "private part"),
]


# Named by what is said: keys are new in each process, and all must call their tests the same.
@pytest.mark.parametrize(
    ("text", "algorithm", "says"),
    REFUSED,
    ids=[f"{says}-{algorithm}" for _, algorithm, says in REFUSED],
)
def test_a_set_that_cannot_be_used_is_refused_in_words(
    text: str, algorithm: Algorithm, says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        parse(text, algorithm)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    with pytest.raises(OptionError):
        parse(text, "HS256")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nowhere: cannot be read: No such file"):
        KeySource.of_file(tmp_path / "nowhere", "HS256")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(OptionError, match="not UTF-8"):
        KeySource.of_file(binary, "HS256")


def test_a_bad_file_keeps_the_keys_of_before(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(jwk_set(oct_key("old")))
    source = KeySource.of_file(path, "HS256")
    path.write_text("{}")
    with pytest.raises(OptionError):
        source.reload()
    assert source.ring.kids == ["old"]
    path.write_text(jwk_set(oct_key("new"), oct_key("old")))
    assert source.reload()
    assert source.ring.kids == ["new", "old"]


def test_generated_keys_differ() -> None:
    for algorithm in ("HS256", "EdDSA"):
        one, other = generate(algorithm), generate(algorithm)
        assert one.kids != other.kids
        assert not KeySource(one).reload()
