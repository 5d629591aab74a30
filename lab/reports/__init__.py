"""What is made of a run's result, by name: `run --report NAME=FILE` writes it.

What follows a run while it lasts, the text for people and the folder of `--out`, is not of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.reports.as_json import to_json
from sessionlab.lab.reports.as_junit import to_junit
from sessionlab.lab.reports.as_summary import to_summary

if TYPE_CHECKING:
    from sessionlab.lab.reports.interface import Report

REPORTS: Variants[Report] = Variants(
    "sessionlab.reports",
    {"json": to_json, "junit": to_junit, "summary": to_summary},
    "__call__",
)
