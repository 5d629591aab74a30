"""What one answer shows of who its client is to the cluster: known, refused, or nothing at all.

Only an answer that is the user's own shows that it is known. What a balancer or a node says without
having looked who asks, be it "Bad Request", "Too Many Requests" or a way elsewhere, serves nobody.
Which answer is what, the client has read out of the app's recipe: see `Operation.who`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.record.history import ERROR, NOBODY, USER, Ending

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation

_REFUSED, _SERVER_ERROR = 400, 500


def is_success(operation: Operation) -> bool:
    """Whether what was asked for was done, as far as the answer says."""
    return operation.outcome is Ending.OK and operation.who not in (NOBODY, ERROR)


def vouches(operation: Operation) -> bool:
    """Whether it is the answer to a user: it names one, or shows what is the user's."""
    return operation.who == USER or (operation.items is not None and is_success(operation))


def refuses(operation: Operation) -> bool:
    """Whether the user is not known."""
    return operation.who == NOBODY


def is_refused(operation: Operation) -> bool:
    """Whether what was asked for was not done, and it is the asker's own fault: a 4xx."""
    return operation.status is not None and _REFUSED <= operation.status < _SERVER_ERROR


def may_be_tied(operation: Operation) -> bool:
    """Whether a pin was found or made, as far as the balancer or else the client says."""
    return operation.verdict != "NN" if operation.verdict else operation.tie is not False


def is_error(operation: Operation) -> bool:
    """Whether a user was not served, and not told either that it is not known."""
    return operation.who == ERROR or (operation.status is None and not operation.who)
