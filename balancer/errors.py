"""Everything the balancer refuses or fails at, each with its outward meaning."""

import os


class BalancerError(Exception):
    """A user's mistake or a fact of the machine: one clear line, no traceback."""

    exit_status = 1


class UsageError(BalancerError):
    """An option or a file that does not make sense; exit status 2."""

    exit_status = 2


class ListenError(BalancerError):
    """An address that can't be listened on; exit status 3."""

    exit_status = 3


class AdminError(BalancerError):
    """The admin API refuses; `status` is the HTTP status of the problem document."""

    status = 400


class UnknownBackendError(AdminError):
    """No backend of that service and name."""

    status = 404


class DuplicateBackendError(AdminError):
    """A backend of that service and name is there already."""

    status = 409


class ForbiddenError(AdminError):
    """Who asks is, or may be, a web page of somebody else."""

    status = 403


class MediaTypeError(AdminError):
    """A body that does not say it is JSON."""

    status = 415


class ExhaustedError(Exception):
    """The balancer's own process or machine has no room for another connection to a backend."""

    def __init__(self, error: OSError) -> None:
        said = os.strerror(error.errno or 0)
        super().__init__(f"the balancer can open no more connections: {said}")


class RefusedError(Exception):
    """A client's message that goes no further; answered with `status`, then closed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class BadAnswerError(Exception):
    """A backend's message that breaks HTTP; the client gets 502 or a cut connection."""
