"""The JSON Schema of a recipe, by which editors complete one."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.recipes import model
from sessionlab.lab.recipes.model import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).with_name("schema.json")
"""The schema as it is shipped; `python -m sessionlab.lab.recipes.schema` writes it anew."""
TEXT = {"type": ["string", "number", "boolean"]}
TEXTS = ("App.env", "Every.headers", "Every.query", "Step.form", "Step.headers", "Step.reply")
FORMS: dict[str, dict[str, Any]] = {
    **{place: {"additionalProperties": TEXT} for place in TEXTS},
    "App.stop": {"type": ["string", "number", "array"]},
    "Step.follow": {"type": "boolean"},
    "Step.send": {"type": "object"},
    "Step.nobody": {"type": ["integer", "array"], "items": {"type": "integer"}},
    "People.list": {"items": {"type": "object", "additionalProperties": TEXT}},
    "Recipe.variants": {"additionalProperties": {"$ref": "#/$defs/Variant"}},
}
"""What may be written besides what the types say: see `forms`."""


def made() -> str:
    """The schema as text, made of the model."""
    schema: dict[str, Any] = msgspec.json.schema(Recipe)
    kinds: dict[str, Any] = schema["$defs"]
    for (kind, key), meaning in _meanings():
        if kind in kinds and key in kinds[kind]["properties"]:
            kinds[kind]["properties"][key]["description"] = meaning
    for place, form in FORMS.items():
        kind, key = place.split(".")
        known = kinds[kind]["properties"].pop(key)
        as_well = {"anyOf": [known, form], "description": known.pop("description", "")}
        kinds[kind]["properties"][key] = as_well if "type" in form else known | form
    for kind in kinds.values():
        kind["description"] = inspect.cleandoc(kind["description"])
    kinds["Variant"] = {**kinds["Recipe"], "title": "Variant", "required": []}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "sessionlab.toml"}
    return json.dumps(head | schema, indent=1, ensure_ascii=False) + "\n"


def _meanings() -> Iterator[tuple[tuple[str, str], str]]:
    """The docstrings of the model's keys, which only its source has."""
    for kind in ast.parse(inspect.getsource(model)).body:
        if isinstance(kind, ast.ClassDef):
            for line, after in itertools.pairwise(kind.body):
                if isinstance(line, ast.AnnAssign) and isinstance(after, ast.Expr):
                    yield (kind.name, ast.unparse(line.target)), ast.literal_eval(after.value)


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
