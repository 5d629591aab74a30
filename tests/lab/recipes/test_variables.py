"""Variables in a recipe's strings."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.recipes.variables import Unknown, fill, strings, template

names = st.from_regex(r"[A-Za-z_][A-Za-z_0-9]{0,5}(\.[a-z][a-z0-9-]{0,3}[a-z])?", fullmatch=True)
texts = st.text(st.characters(exclude_characters="{}"))


@given(st.lists(st.tuples(texts, names)), texts)
def test_every_variable_has_its_value_where_it_stood(
    parts: list[tuple[str, str]], end: str
) -> None:
    text = "".join(f"{before}{{{name}}}" for before, name in parts) + end
    filled = "".join(f"{before}<{name}>" for before, name in parts) + end
    assert template(text).fill(lambda name: f"<{name}>") == filled


@given(st.text("{}ab .?|:\"'", max_size=20))
def test_what_is_no_variable_is_text(text: str) -> None:
    known = template(text)
    back = "".join(
        part if isinstance(part, str) else f"{{{part.name}{'?' if part.optional else ''}}}"
        for part in known.parts
    )
    if not known.variables and "{{" not in text:
        assert known.fill(lambda _: None) == text
    assert "{{" in text or "|base64" in text or back == text


@given(names, st.sampled_from(["", "?", "|base64", "|base64?"]))
def test_doubled_braces_are_a_literal(name: str, mark: str) -> None:
    assert template(f"{{{{{name}{mark}}}}}").fill(lambda _: None) == f"{{{name}{mark}}}"


@given(names, st.text())
def test_base64_is_of_its_bytes(name: str, value: str) -> None:
    said = template(f"Basic {{{name}|base64}}").fill(lambda _: value)
    assert said is not None
    assert base64.b64decode(said.removeprefix("Basic ")).decode() == value


@pytest.mark.parametrize(
    "text", ['40{"a":"b"}', "{}", "{ user }", "{1}", "{a b}", "{", "}{", "{user", '{"x": {}}']
)
def test_braces_around_anything_but_a_name_are_text(text: str) -> None:
    assert template(text).fill(lambda _: None) == text


def test_a_field_is_left_out_while_its_optional_variable_is_unknown() -> None:
    value = {"a": "x{b?}", "c": ["{b?}", "d", None, 1], "e": {"f": "{b?}"}}
    assert fill(value, lambda _: None) == {"c": ["d", None, 1], "e": {}}
    assert fill(value, lambda _: "y") == {"a": "xy", "c": ["y", "d", None, 1], "e": {"f": "y"}}
    with pytest.raises(Unknown, match="b"):
        fill({"a": ["{b}"]}, lambda _: None)


def test_every_string_of_a_value_is_found_with_its_keys() -> None:
    value = {"a": "x", "b": [1, "y", {"c": "z"}]}
    assert list(strings(value)) == [(("a",), "x"), (("b", 1), "y"), (("b", 2, "c"), "z")]
