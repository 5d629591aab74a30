"""Checks as JSON: one object, or a list of such under `checks` where several variants were asked.

Its form is a contract, counted by `schema`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.check.results import Check

SCHEMA = 1


def to_json(checks: Sequence[Check], release: str = version("sessionlab")) -> str:
    """The checks with every cell."""
    each = [_check(check, release) for check in checks]
    document = each[0] if len(each) == 1 else {"sessionlab": release, "checks": each}
    return json.dumps({**document, "schema": SCHEMA}, indent=2, ensure_ascii=False) + "\n"


def _check(check: Check, release: str) -> dict[str, Any]:
    return {
        "sessionlab": release,
        "app": check.app,
        "variant": check.variant,
        "copies": check.copies,
        "seed": check.seed,
        "control": {
            "passed": check.control.passed,
            "steps": [asdict(step) for step in check.control.steps],
        },
        "schema": SCHEMA,
        "cells": [
            {
                "affinity": cell.affinity,
                "ordeal": cell.ordeal,
                "outcome": cell.outcome,
                "users": asdict(cell.counts),
                "why": cell.why,
            }
            for cell in check.cells
        ],
        "diagnosis": asdict(check.diagnosis),
        "expect": [asdict(bound) for bound in check.expect],
        "outcome": check.outcome,
        **({"trouble": check.trouble} if check.trouble else {}),
    }
