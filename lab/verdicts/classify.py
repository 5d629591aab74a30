"""What one answer shows of who its client is to the cluster: known, refused, or nothing at all.

Only an answer that is the user's own shows that it is known. What a balancer or a node says without
having looked who asks, be it "Bad Request", "Too Many Requests" or a way elsewhere, serves nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.record.history import Operation

_OK, _REDIRECT, _UNAUTHORIZED, _SERVER_ERROR = 200, 300, 401, 500
_OWN_FAULTS = (405, 409, 413, 415, 422)  # of the request, whoever had sent it


def asks_for(operation: Operation, what: str) -> bool:
    """Whether this asks for `/login` and so on, of whatever service."""
    return operation.path.rpartition("/")[2] == what


def is_success(operation: Operation) -> bool:
    return operation.status is not None and _OK <= operation.status < _REDIRECT


def vouches(operation: Operation) -> bool:
    """Whether it is the answer to a user: it names one, or shows a cart."""
    return is_success(operation) and (operation.user is not None or operation.items is not None)


def refuses(operation: Operation) -> bool:
    """Whether the user is not known: 401, or an answer to `/me` that names nobody."""
    if is_success(operation):
        return asks_for(operation, "me") and operation.user is None
    return operation.status == _UNAUTHORIZED


def may_be_tied(operation: Operation) -> bool:
    """Whether a pin was found or made, as far as the balancer or else the client says."""
    return operation.verdict != "NN" if operation.verdict else operation.tie is not False


def is_error(operation: Operation) -> bool:
    """Whether a user was not served, and not told either that it is not known."""
    status = operation.status
    if status is None or status >= _SERVER_ERROR:
        return True
    if is_success(operation) or status == _UNAUTHORIZED or status in _OWN_FAULTS:
        return False
    return operation.user is None
