"""What is wrong with what was asked: a field of it, or what it names is not there."""

from __future__ import annotations

from sessionlab.lab.errors import LabError, UsageError


class WrongField(UsageError):
    """A field cannot mean that: `field` says which."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class NotThere(LabError):
    """There is no such tab, cluster or telling; it may have been closed in another window."""
