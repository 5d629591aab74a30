"""What can be chosen by name, in the form in which it is given."""

from __future__ import annotations

import pytest
from typer import BadParameter

from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS


@pytest.mark.parametrize(
    "value", ["none", "cookie", "learn:sid", "header:X-User", "query:room", "source"]
)
def test_a_name_with_its_argument_is_taken(value: str) -> None:
    assert one_of(AFFINITIES)["parser"](value) == value


@pytest.mark.parametrize("value", ["round-robin", "hash", "hash:header:X-User"])
def test_an_argument_in_brackets_may_be_left_out(value: str) -> None:
    assert one_of(ALGORITHMS)["parser"](value) == value


@pytest.mark.parametrize("value", ["lern", "lern:sid", ""])
def test_who_names_another_is_offered_all_with_their_arguments(value: str) -> None:
    with pytest.raises(
        BadParameter, match="is none of: none, cookie, learn:NAME, learn-header"
    ) as no:
        one_of(AFFINITIES)["parser"](value)
    first, *lines = str(no.value).splitlines()
    assert first == "", "what option it is about stands there"
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).endswith(", query:NAME, source"), "no word is broken"


@pytest.mark.parametrize("value", ["learn", "learn:"])
def test_a_name_without_its_argument_says_too_little(value: str) -> None:
    with pytest.raises(BadParameter, match=f"'{value}' says too little: learn:NAME"):
        one_of(AFFINITIES)["parser"](value)
