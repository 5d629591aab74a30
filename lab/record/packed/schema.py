"""How an operation lies on disk: one row of a NumPy structured array, 76 bytes.

Words (users, nodes, paths and the like) are numbers of a table beside the rows, by their kind; 0 is
none. What a read has found lies beside the rows, too: see `writer`. Times are whole microseconds
since the run began, on the monotonic clock that its events have. An `Operation` (schema 1, JSON
lines) and a row (schema 2) are made into each other without loss, but for the microseconds.
"""

from __future__ import annotations

import numpy as np

SCHEMA = 2
HISTORY, ABOUT = "history", "history.json"
"""A run's folder has the one; in it the other says which schema, and how many shards."""

ROW = np.dtype(
    [
        ("invoked", "<u8"),  # when the request began
        ("took", "<u4"),  # until its answer was there
        ("late", "<u4"),  # how much later than was intended (open loop): latency is took + late
        ("credential", "<u8"),  # HMAC of what was sent, under a key drawn for the run; 0: nothing
        ("size", "<u4"),  # bytes of the header lines that say who asks
        ("user", "<u4"),  # word `user`: who asks
        ("found", "<u4"),  # word `user`: for whom it was taken; 0: it named nobody
        ("item", "<u4"),  # what a write puts in: see ITEM_WORD; 0: nothing
        ("items", "<i4"),  # how many items the answer names; -1: it does not say
        ("seen", "<u4"),  # where the first of them is in the table of what was seen
        ("tab", "<u2"),
        ("request", "<u2"),  # word `request`: `GET /cart`
        ("status", "<u2"),  # 0: no answer came
        ("node", "<u2"),  # word `node`; 0: the balancer itself, or nobody knows
        ("version", "<u2"),  # word `version`
        ("error", "<u2"),  # word `error`
        ("code", "<u2"),  # word `code`
        ("pin", "<u2"),  # word `pin`: the balancer's letters and its reason, `VN;reason`
        ("cluster", "<u2"),  # word `cluster`
        ("service", "<u2"),  # word `service`
        ("conversation", "u1"),  # word `conversation`
        ("outcome", "u1"),  # OUTCOMES
        ("who", "u1"),  # WHO
        ("flags", "u1"),
        ("token_left", "<f4"),  # seconds until the token's `exp`; NaN: no token
    ]
)

SEEN = np.dtype([("owner", "<u4"), ("item", "<u4")])
"""An item that a read has found: the user (word `user`) whose own it is, and its number."""

ITEM_WORD = 1 << 31
"""A virtual user numbers what it writes: item 3 of `u7` is the text `u7.3`, owner `u7`, number 3.
Any other text is a word `item`, with this bit set in its number, and owner 0."""

OUTCOMES = ("ok", "failed", "unknown")
WHO = ("", "user", "nobody", "error")
NEW_CONNECTION, DIRECT, GIVEN_UP, ENTERS, TIE_KNOWN, TIED, FAREWELL = 1, 2, 4, 8, 16, 32, 64

KINDS = (
    "user",
    "item",
    "request",
    "node",
    "version",
    "error",
    "code",
    "pin",
    "cluster",
    "service",
    "conversation",
)
"""Of words; each has numbers of its own, from 1."""

FIXED = {
    "conversation": ("connect", "login", "me", "write", "read", "logout", "refresh", "request")
}
"""Words that have the same number in every run, the first has 1."""
