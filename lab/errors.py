"""The lab's errors: what went wrong, what to do about it, and the exit status it means."""

from __future__ import annotations


class LabError(Exception):
    """Something the user can act on: `str()` is the message, `hint` the way out."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(LabError):
    """The request itself cannot be meant: an unknown scenario, a node count of zero."""

    exit_status = 2


class StartError(LabError):
    """The cluster, or a part of it, could not be started."""

    exit_status = 3


class FabricLost(StartError):
    """What the cluster ran on went away in the middle of a run."""


class NothingShown(LabError):
    """The lab itself was in trouble (no descriptor left, say): nothing it saw proves anything."""

    exit_status = 3


class StepError(LabError):
    """A step of a story could not be done (a login refused, a node that is not there)."""


class DeployError(StepError):
    """A new version could not be brought up; what was there before it goes on serving."""


class Skip(LabError):
    """Raised by a story that cannot be told on the cluster it was given."""
