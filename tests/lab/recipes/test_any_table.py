"""Whatever a file holds, it is read or refused, and a key is found on its line."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.model import Recipe
from sessionlab.lab.recipes.places import Keys, places
from sessionlab.lab.recipes.reading import merged, parse

HERE = Path("sessionlab.toml")
STRUCTS = [one for one in msgspec.json.schema(Recipe)["$defs"].values() if "properties" in one]
KEYS = sorted({key for one in STRUCTS for key in one["properties"]})
VALUES = ["/", "tcp", "{a}", "{a?}", "{item}", "{b|base64}", "(", "http://[::1", "{", "SIGINT", "-"]

scalars = st.one_of(
    st.sampled_from(VALUES),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
)
keys = st.sampled_from(KEYS) | st.text(max_size=3)
tables = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
LEAST: dict[str, Any] = {"name": "x", "me": {"get": "/", "user": {"json": "a"}}}


def of_type(kind: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911  a kind a line
    """Values that the types take, mostly: what comes after the types is met too."""
    match kind:
        case inspect.StructType():
            fields = {one.name: of_type(one.type) for one in kind.fields}
            return st.fixed_dictionaries({}, optional=fields)
        case inspect.UnionType():
            return st.one_of([of_type(one) for one in kind.types if one != inspect.NoneType()])
        case inspect.DictType():
            return st.dictionaries(of_type(kind.key_type), of_type(kind.value_type), max_size=2)
        case inspect.ListType():
            return st.lists(of_type(kind.item_type), max_size=2)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.IntType() | inspect.FloatType():
            return st.integers(-1, 600) | st.floats()
        case inspect.StrType():
            return st.sampled_from(VALUES)
    return scalars


@given(raw=st.dictionaries(keys, tables, max_size=6))
def test_any_table_is_a_recipe_or_a_usage_error(raw: dict[str, Any]) -> None:
    for table in (raw, merged(LEAST, raw)):
        with contextlib.suppress(UsageError):
            parse(table, HERE)


@given(raw=of_type(inspect.type_info(Recipe)))
def test_any_table_of_the_right_types_is_a_recipe_or_a_usage_error(raw: dict[str, Any]) -> None:
    with contextlib.suppress(UsageError):
        parse(merged(LEAST, raw), HERE)


bare = st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True)
quoted = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=4)
strings = st.text(st.sampled_from("ab[]{}=,#.'\\ \n\""), max_size=8)


class Writer:
    """A document, and on which line each of its keys was written."""

    def __init__(self, data: st.DataObject) -> None:
        self.data, self.text = data, ""
        self.lines: dict[Keys, int] = {}

    def draw(self, *choices: str) -> None:
        self.text += self.data.draw(st.sampled_from(choices))

    def key(self, at: Keys, name: str, is_bare: bool) -> Keys:
        self.lines[(*at, name)] = self.text.count("\n") + 1
        self.text += name if is_bare else json.dumps(name)
        return (*at, name)

    def names(self) -> list[tuple[str, bool]]:
        one = st.tuples(bare, st.just(True)) | st.tuples(quoted, st.just(False))
        drawn: list[tuple[str, bool]] = self.data.draw(
            st.lists(one, max_size=3, unique_by=lambda pair: pair[0])
        )
        return drawn

    def table(self, at: Keys, depth: int) -> None:
        for name, is_bare in self.names():
            self.draw("", "\n", " # [x]\n", "\t")
            keys = self.key(at, name, is_bare)
            self.draw(" = ", "=")
            self.value(keys, depth)
            self.draw("\n", " # = {\n", "\n\n")

    def value(self, at: Keys, depth: int) -> None:
        kind = self.data.draw(st.sampled_from(["scalar", "list", "inline"][: 3 if depth else 1]))
        if kind == "scalar":
            self.scalar()
        elif kind == "list":
            self.text += "["
            for number in range(self.data.draw(st.integers(0, 3))):
                self.draw("", "\n", " # ]\n")
                self.lines[(*at, number)] = self.text.count("\n") + 1
                self.value((*at, number), depth - 1)
                self.draw(",", " , ", "\n,")
            self.text += "]"
        else:
            self.text += "{"
            for count, (name, is_bare) in enumerate(self.names()):
                self.text += ", " if count else ""
                keys = self.key(at, name, is_bare)
                self.text += " = "
                self.value(keys, depth - 1)
            self.text += "}"

    def scalar(self) -> None:
        said = self.data.draw(strings)
        literal = said.replace("'", "")
        escaped = said.replace("\\", "\\\\").replace('"', '\\"')
        self.draw(
            "1",
            "-1.5e3",
            "true",
            "2026-01-01 10:00:00Z",
            json.dumps(said),
            "'" + literal.replace("\n", "") + "'",
            f'"""{escaped}"""',
            f'"""{escaped}\\""""',
            f"'''{literal}'''",
            f"'''{literal}''''",
            '"""a""b"""""',
        )

    def document(self) -> None:
        self.table((), 2)
        for number, (name, is_bare) in enumerate(self.names()):
            header = f"table{number}"  # longer than any name, so that no key is written twice
            if self.data.draw(st.booleans()):
                self.text += f"[{header} . "
                self.lines[header,] = self.text.count("\n") + 1
                keys = self.key((header,), name, is_bare)
                self.text += "]\n"
                self.table(keys, 2)
                continue
            self.lines[header,] = self.text.count("\n") + 1
            for count in range(2):
                self.lines[header, count] = self.text.count("\n") + 1
                self.text += f"[[{header}]] # ]]\n"
                self.table((header, count), 1)


@given(data=st.data())
def test_each_key_of_any_document_is_found_on_its_line(data: st.DataObject) -> None:
    writer = Writer(data)
    writer.document()
    tomllib.loads(writer.text)
    found = places(writer.text)
    assert {keys: found.get(keys) for keys in writer.lines} == writer.lines


@given(text=st.text(st.sampled_from("ab[]{}=,#.'\"\\ \n"), max_size=40))
def test_what_is_no_toml_ends_too(text: str) -> None:
    places(text)
