import json

import jwt
import pytest

from sessionlab.lab.description.keys import key_set, new_key


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_a_new_key_signs_and_verifies(algorithm: str) -> None:
    key = jwt.PyJWK(new_key(algorithm).jwk)
    token = jwt.encode({"sub": "alice"}, key.key, algorithm=algorithm)
    assert jwt.decode(token, key, algorithms=[algorithm]) == {"sub": "alice"}


def test_no_two_keys_are_the_same() -> None:
    made = [new_key() for _ in range(50)]
    assert len({key.kid for key in made}) == len({key.jwk["k"] for key in made}) == 50


def test_a_set_keeps_the_keys_in_order() -> None:
    keys = [new_key(), new_key("EdDSA")]
    assert [key["kid"] for key in json.loads(key_set(keys))["keys"]] == [key.kid for key in keys]
