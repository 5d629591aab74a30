"""Each option's default stands once: in the model, to which the options refer."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields, replace

from sessionlab.balancer.config import options
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.model import DEFAULTS, LOG_FORMATS, Config
from sessionlab.balancer.proxy.access_log import FORMATS

NOT_IN_THE_MODEL = {"config", "backend", "discover", "route", "trust_proxy"}
"""The file itself, and the lists: nothing is given, so ()."""


def _defaults() -> dict[str, ast.expr]:
    """What stands behind the name of each option in the source."""
    (described,) = ast.parse(inspect.getsource(options.Options)).body
    assert isinstance(described, ast.ClassDef)
    return {
        line.target.id: line.value.args[0]
        for line in described.body
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(line.value, ast.Call)
    }


def test_no_option_writes_a_default_down_that_the_model_has() -> None:
    defaults = _defaults()
    assert defaults.keys() == {option.name for option in fields(options.Options)}
    written = {
        name
        for name, default in defaults.items()
        if not any(isinstance(node, ast.Name) for node in ast.walk(default))
    }
    assert written == NOT_IN_THE_MODEL


def test_options_that_say_nothing_make_the_model_as_it_is() -> None:
    made = configure(options.Options(), secret=b"s")
    assert made == replace(DEFAULTS, secret=b"s")
    assert Config() == DEFAULTS


def test_every_format_that_can_be_asked_for_can_be_written() -> None:
    assert set(LOG_FORMATS) == FORMATS.keys()
