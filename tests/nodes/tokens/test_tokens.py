import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessionlab.nodes.errors import Reason, Refused
from sessionlab.nodes.tokens.keys import Algorithm, KeyRing, KeySource, generate, parse
from sessionlab.nodes.tokens.tokens import Claims, Tokens
from tests.field import field
from tests.nodes.conftest import FakeClock
from tests.nodes.material import b64, jwk_set, oct_key, okp_key

NOW = 1_000_000


def made(algorithm: Algorithm = "HS256", ring: KeyRing | None = None, **wanted: Any) -> Tokens:
    defaults: dict[str, Any] = {
        "clock": FakeClock(NOW),
        "issuer": "sessionlab",
        "audience": "sessionlab",
        "lifetime": 900,
        "leeway": 0,
    }
    keys = KeySource(ring if ring is not None else generate(algorithm))
    return Tokens(keys=keys, algorithm=algorithm, **{**defaults, **wanted})


def refusal(tokens: Tokens, token: str) -> Reason:
    with pytest.raises(Refused) as caught:
        tokens.verify(token)
    return caught.value.reason


def decoded(token: str, part: int) -> dict[str, Any]:
    text = token.split(".")[part]
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=="))
    return document


def forged(
    tokens: Tokens,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
) -> str:
    """A token signed by the right key, with whatever header and claims."""
    good = tokens.sign(tokens.fresh("alice"))
    payload = {**decoded(good, 1), **(claims or {})}
    payload = {name: value for name, value in payload.items() if name not in without}
    headers = {**decoded(good, 0), **(header or {})}
    return signed(tokens, json.dumps(headers).encode(), json.dumps(payload).encode())


def signed(tokens: Tokens, header: bytes, payload: bytes) -> str:
    """The same of whatever bytes."""
    key = tokens.keys.ring.keys[0].signing
    assert isinstance(key, bytes)
    said = f"{b64(header)}.{b64(payload)}"
    return f"{said}.{b64(hmac.new(key, said.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_a_token_says_who_and_what_is_in_the_cart(algorithm: Algorithm) -> None:
    tokens = made(algorithm)
    claims = tokens.fresh("alice").with_item("book").with_item("lämp")
    assert tokens.verify(tokens.sign(claims)) == claims
    assert claims.cart == ("book", "lämp")


def test_a_token_has_the_claims_and_the_type_that_the_profile_requires() -> None:
    tokens = made()
    token = tokens.sign(tokens.fresh("alice"))
    claims = decoded(token, 1)
    assert {"iss", "aud", "sub", "iat", "exp", "jti", "client_id"} == set(claims)
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 900)
    assert decoded(token, 0) == {"alg": "HS256", "typ": "at+jwt", "kid": tokens.keys.ring.kids[0]}
    assert decoded(tokens.sign(tokens.fresh("alice")), 1)["jti"] != claims["jti"]


def test_a_token_works_until_it_expires_and_no_longer() -> None:
    clock = FakeClock(NOW)
    tokens = made(clock=clock)
    token = tokens.sign(tokens.fresh("alice"))
    clock.advance(899)
    tokens.verify(token)
    clock.advance(1)
    assert refusal(tokens, token) is Reason.TOKEN_EXPIRED


def test_the_leeway_moves_both_ends_and_only_by_itself() -> None:
    clock = FakeClock(NOW)
    tokens = made(clock=clock, leeway=30)
    token = tokens.sign(tokens.fresh("alice"))
    clock.now = NOW + 929
    tokens.verify(token)
    clock.now = NOW + 930
    assert refusal(tokens, token) is Reason.TOKEN_EXPIRED
    clock.now = NOW - 30
    tokens.verify(token)
    clock.now = NOW - 31
    assert refusal(tokens, token) is Reason.TOKEN_EARLY


def test_a_new_token_for_a_changed_cart_does_not_live_longer() -> None:
    clock = FakeClock(NOW)
    tokens = made(clock=clock)
    claims = tokens.fresh("alice")
    clock.advance(600)
    later = tokens.verify(tokens.sign(claims.with_item("book")))
    assert later.expires == claims.expires
    assert tokens.left(later) == 300


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_another_key_of_the_same_name_does_not_verify(algorithm: Algorithm) -> None:
    key = oct_key if algorithm == "HS256" else okp_key
    one, other = (made(algorithm, parse(jwk_set(key("k1")), algorithm)) for _ in range(2))
    assert refusal(one, other.sign(other.fresh("alice"))) is Reason.SIGNATURE


def test_a_key_of_another_name_is_unknown_and_so_is_none() -> None:
    one, other = made(), made()
    assert refusal(one, other.sign(other.fresh("alice"))) is Reason.KEY
    wrong: tuple[object, ...] = (None, 7, [], {"a": 1}, "../../dev/null", "")
    for kid in wrong:
        assert refusal(one, forged(one, {"kid": kid})) in (Reason.KEY, Reason.MALFORMED)


def test_all_keys_verify_and_the_first_signs() -> None:
    old, new = oct_key("old"), oct_key("new")
    before = made(ring=parse(jwk_set(old), "HS256"))
    token = before.sign(before.fresh("alice"))
    during = made(ring=parse(jwk_set(new, old), "HS256"))
    after = made(ring=parse(jwk_set(new), "HS256"))
    assert during.verify(token).user == "alice"
    assert decoded(during.sign(during.fresh("bob")), 0)["kid"] == "new"
    assert refusal(after, token) is Reason.KEY


@pytest.mark.parametrize(
    "name", ["none", "None", "NONE", "nOnE", "", "HS512", "RS256", "EdDSA", None]
)
def test_the_token_does_not_choose_the_algorithm(name: str | None) -> None:
    tokens = made()
    good = tokens.sign(tokens.fresh("alice"))
    unsigned = (
        f"{b64(json.dumps({**decoded(good, 0), 'alg': name}).encode())}.{good.split('.')[1]}."
    )
    assert refusal(tokens, unsigned) is Reason.ALGORITHM
    assert refusal(tokens, forged(tokens, {"alg": name})) is Reason.ALGORITHM


def test_a_public_key_does_not_pass_for_a_secret() -> None:
    tokens = made("EdDSA")
    key = tokens.keys.ring.keys[0]
    assert key.jwk is not None
    good = tokens.sign(tokens.fresh("alice"))
    for secret in (base64.urlsafe_b64decode(key.jwk["x"] + "=="), key.jwk["x"].encode()):
        header = {**decoded(good, 0), "alg": "HS256"}
        signed = f"{b64(json.dumps(header).encode())}.{good.split('.')[1]}"
        confused = f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
        assert refusal(tokens, confused) is Reason.ALGORITHM


def test_a_key_that_the_token_brings_is_not_used() -> None:
    tokens = made("EdDSA")
    thief = okp_key(tokens.keys.ring.kids[0])
    private = parse(jwk_set(thief), "EdDSA").keys[0].signing
    assert not isinstance(private, bytes)
    assert private is not None
    good = tokens.sign(tokens.fresh("alice"))
    brought = {
        "kid": thief["kid"],
        "typ": "at+jwt",
        "jwk": {name: thief[name] for name in ("kty", "crv", "x", "kid")},
        "jku": "http://127.0.0.1:9/jwks.json",
        "x5u": "http://127.0.0.1:9/x5u",
    }
    token = jwt.encode(decoded(good, 1), private, "EdDSA", brought)
    assert refusal(tokens, token) is Reason.SIGNATURE


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], "exp", None])
def test_a_critical_extension_is_never_understood(critical: object) -> None:
    tokens = made()
    token = forged(tokens, {"crit": critical, "b64": True})
    assert refusal(tokens, token) is Reason.MALFORMED


@pytest.mark.parametrize("typ", ["JWT", "id+jwt", "", None, 7, "at+jwt;x", "text/at+jwt"])
def test_another_type_of_token_is_refused(typ: object) -> None:
    tokens = made()
    assert refusal(tokens, forged(tokens, {"typ": typ})) is Reason.TYPE


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_may_be_written_as_the_rfc_lets_it(typ: str) -> None:
    tokens = made()
    assert tokens.verify(forged(tokens, {"typ": typ})).user == "alice"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "elsewhere"}, Reason.AUDIENCE),
        ({"aud": ["elsewhere"]}, Reason.AUDIENCE),
        ({"aud": {"sessionlab": 1}}, Reason.AUDIENCE),
        ({"iss": "elsewhere"}, Reason.ISSUER),
        ({"iss": ["sessionlab"]}, Reason.ISSUER),
        ({"sub": 7}, Reason.CLAIM),
        ({"jti": 7}, Reason.CLAIM),
        ({"exp": NOW - 1}, Reason.TOKEN_EXPIRED),
        ({"exp": True}, Reason.CLAIM),
        ({"exp": str(NOW + 10)}, Reason.CLAIM),
        ({"exp": float("inf")}, Reason.CLAIM),
        ({"exp": 1e400}, Reason.CLAIM),
        ({"iat": "yesterday"}, Reason.CLAIM),
        ({"iat": NOW + 60}, Reason.TOKEN_EARLY),
        ({"nbf": NOW + 60}, Reason.TOKEN_EARLY),
        ({"nbf": None}, Reason.CLAIM),
        ({"cart": "book"}, Reason.CLAIM),
        ({"cart": [1]}, Reason.CLAIM),
    ],
)
def test_a_claim_that_is_wrong_is_refused_though_the_signature_is_right(
    claims: dict[str, Any], reason: Reason
) -> None:
    tokens = made()
    assert refusal(tokens, forged(tokens, claims=claims)) is reason


@field("tokens", sources="RFC 7519 section 2, mpdavis/python-jose#420, jpadilla/pyjwt#1171")
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1" + "0" * 400, "-1" + "0" * 400, "9" * 5000])
def test_a_date_too_large_for_a_number_is_refused_and_no_failure(claim: str, value: str) -> None:
    header, payload = (json.dumps({**decoded(GOOD, part), claim: 7}) for part in (0, 1))
    payload = payload.replace(f'"{claim}": 7', f'"{claim}": {value}')
    token = signed(TOKENS, header.encode(), payload.encode())
    assert refusal(TOKENS, token) in (Reason.CLAIM, Reason.MALFORMED)


@field("tokens", sources="RFC 8259 section 9")
@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 100_000, "[" * 9000 + "]" * 9000])
def test_json_nested_deeper_than_python_reads_is_refused(nested: str) -> None:
    header, payload = (json.dumps(decoded(GOOD, part)) for part in (0, 1))
    deep = [f'{{"other": {nested}, {text[1:]}' for text in (header, payload)]
    for head, body in ((nested, payload), (deep[0], payload), (header, nested), (header, deep[1])):
        with pytest.raises(Refused):
            TOKENS.verify(signed(TOKENS, head.encode(), body.encode()))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "exp", "jti"])
def test_every_claim_is_required(claim: str) -> None:
    tokens = made()
    assert refusal(tokens, forged(tokens, without=(claim,))) is Reason.CLAIM
    assert refusal(tokens, forged(tokens, claims={claim: None})) is Reason.CLAIM


@field("tokens", sources="RFC 4648 section 3.5")
def test_a_signature_has_one_spelling_only() -> None:
    tokens = made()
    token = tokens.sign(Claims("alice", NOW + 900))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = token[:-1] + letters[letters.index(token[-1]) + 1]  # only bits to spare differ
    assert refusal(tokens, other) is Reason.MALFORMED


def test_every_single_changed_character_breaks_the_token() -> None:
    tokens = made()
    token = tokens.sign(Claims("alice", NOW + 900))
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(Refused):
            tokens.verify(changed)
        with pytest.raises(Refused):
            tokens.verify(token[:place])


TOKENS = made()
GOOD = TOKENS.sign(TOKENS.fresh("alice"))


def anything_like_a_token() -> st.SearchStrategy[str]:
    part = st.one_of(
        st.binary(max_size=60).map(b64),
        st.dictionaries(
            st.sampled_from(["alg", "kid", "typ", "crit", "b64", "exp", "sub"]),
            st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("HS256"),
        ).map(lambda made: b64(json.dumps(made).encode())),
        st.sampled_from(GOOD.split(".")),
        st.just(b64(b"[" * 3000)),
    )
    return st.lists(part, max_size=5).map(".".join)


@given(st.text() | anything_like_a_token())
def test_nothing_but_a_refusal_comes_of_garbage(garbage: str) -> None:
    if garbage != GOOD:
        with pytest.raises(Refused):
            TOKENS.verify(garbage)


def test_padding_and_spaces_make_no_second_spelling_of_a_token() -> None:
    for other in (f"{GOOD}=", f" {GOOD}", f"{GOOD}\n", f"{GOOD}.", GOOD.replace(".", "..", 1)):
        assert refusal(TOKENS, other) is Reason.MALFORMED


def anything() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    extremes = st.sampled_from([10**308, 10**309, -(10**400), 1e308, -0.0, "\ud800", "\0", ""])
    return extremes | st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    )


def changed(part: int) -> st.SearchStrategy[bytes]:
    """The part of a good token, its members changed and more of them, or something else."""
    good = decoded(GOOD, part)
    names = st.sampled_from([*good, "nbf", "cart", "crit", "b64", "zip", "jwk", "jku"])
    members = st.dictionaries(names, anything(), max_size=3)
    texts = members.map(lambda made: json.dumps({**good, **made})) | anything().map(json.dumps)
    return texts.map(str.encode) | st.binary(max_size=30)


@field("tokens", sources="jpadilla/pyjwt#1186, mpdavis/python-jose#420")
@settings(max_examples=300)
@given(st.one_of(st.just(json.dumps(decoded(GOOD, 0)).encode()), changed(0)), changed(1))
@example(
    json.dumps(decoded(GOOD, 0)).encode(), json.dumps({**decoded(GOOD, 1), "exp": 1e308}).encode()
)
def test_signed_nonsense_is_refused_or_a_token_that_can_be_used(
    header: bytes, payload: bytes
) -> None:
    try:
        claims = TOKENS.verify(signed(TOKENS, header, payload))
    except Refused:
        return
    again = TOKENS.verify(TOKENS.sign(claims.with_item("book")))
    assert (again.user, TOKENS.left(again)) == (claims.user, TOKENS.left(claims))
