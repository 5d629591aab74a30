"""Who logs in."""

from __future__ import annotations

import pytest

from sessionlab.lab.clients.people import Person, people
from sessionlab.lab.errors import UsageError
from tests.lab.clients.speaking import recipe


def test_they_are_numbered_from_one() -> None:
    assert people(recipe(""), 2) == [Person("user1", "pw"), Person("user2", "pw")]
    said = recipe("[users]\npattern = 'u-{number}@x.test'\npassword = 's'")
    assert people(said, 1) == [Person("u-1@x.test", "s")]


def test_those_of_a_list_serve_several_clients_round_and_round() -> None:
    said = recipe(
        "[users]\nlist = [{name = 'a', password = 'p', shown = 'A.'}, {name = 'b'}]\ncount = 3"
    )
    assert people(said, 3) == [
        *(Person("a", "p", {"shown": "A."}), Person("b", "pw"), Person("a", "p", {"shown": "A."})),
    ]


def test_more_than_the_recipe_allows_are_refused() -> None:
    with pytest.raises(UsageError, match="21 users are more than the 20") as raised:
        people(recipe(""), 21)
    assert "count = 21" in raised.value.hint


def test_a_password_of_the_environment_is_filled_in_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = recipe("[users]\npassword = '{env.SHOP_PASSWORD}'")
    with pytest.raises(UsageError, match="SHOP_PASSWORD, which is not set"):
        people(said, 1)
    monkeypatch.setenv("SHOP_PASSWORD", "hidden")
    (one,) = people(said, 1)
    assert one.password == "hidden"
    assert "hidden" not in repr(one)
