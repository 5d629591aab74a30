"""What people write for what the types say: a number where text is sent, a signal by its name."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from sessionlab.lab.recipes.model import CONVERSATIONS, FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMES = (dt.date, dt.time)  # a datetime is a date


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The whole file with each value in the form that the types have.

    What is wrong stays as it is: the types refuse it.
    """
    found: dict[str, Any] = _copied(dict(raw))
    _each(found.get("app"), {"env": _texts, "stop": _stop})
    _each(found.get("every"), {"headers": _texts, "query": _texts})
    _each(found.get("users"), {"pattern": _text, "password": _text, "list": _accounts})
    _each(found, dict.fromkeys(CONVERSATIONS, _conversation))
    return found


def _each(table: object, forms: Mapping[str, Callable[[Any], Any]]) -> None:
    if isinstance(table, dict):
        table.update({key: form(table[key]) for key, form in forms.items() if key in table})


def _copied(value: Any) -> Any:
    """Times as text: JSON, forms and environments have no others."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value.isoformat() if isinstance(value, _TIMES) else value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _texts(table: Any) -> Any:
    return {key: _text(one) for key, one in table.items()} if isinstance(table, dict) else table


def _accounts(value: Any) -> Any:
    return [_texts(one) for one in value] if isinstance(value, list) else value


def _conversation(value: Any) -> Any:
    for step in value if isinstance(value, list) else [value]:
        texts = dict.fromkeys(("form", "headers", "reply"), _texts)
        _each(step, {**texts, "follow": _follow, "nobody": _nobody})
        _each(step, {"user": _take, "items": _take, "take": _takes})
        if isinstance(step, dict) and "ws" in step:
            _say_what_is_sent(step)
    return value


def _takes(value: Any) -> Any:
    return {key: _take(one) for key, one in value.items()} if isinstance(value, dict) else value


def _take(value: Any) -> Any:
    """An empty way through JSON leads to all of it."""
    return {"json": "."} if value == {"json": ""} else value


def _say_what_is_sent(step: dict[str, Any]) -> None:
    """A body is what is sent; a table is sent as JSON."""
    body = next((name for name in ("send", "json", "body") if name in step), "")
    said = step.get(body)
    is_json = body == "json" or isinstance(said, dict)
    if len({"send", "json", "body"} & step.keys()) == 1 and (is_json or isinstance(said, str)):
        del step[body]
        step["send"] = json.dumps(said) if is_json else said


def _follow(value: Any) -> Any:
    return (FOLLOWED if value else 0) if isinstance(value, bool) else value


def _nobody(value: Any) -> Any:
    return {"status": value} if isinstance(value, int | list) else value


def _stop(value: Any) -> Any:
    """A signal, the seconds, or both in a list or a table; `INT` is `SIGINT`."""
    given = value if isinstance(value, list) else [value]
    if not isinstance(value, dict):
        names = [one for one in given if isinstance(one, str)]
        seconds = [one for one in given if isinstance(one, int | float)]
        if not given or len(names) > 1 or len(seconds) > 1 or len(names + seconds) < len(given):
            return value
        value = {
            **({"signal": names[0]} if names else {}),
            **({"seconds": seconds[0]} if seconds else {}),
        }
    name = value.get("signal")
    if isinstance(name, str):
        value["signal"] = f"SIG{name.upper().removeprefix('SIG')}"
    return value
