"""What the balancer said of a request's pin (`X-Balancer`), in words.

The letters and the reasons are those of `sessionlab.balancer.backends.pin`; what is not known
stays as it was said.
"""

from __future__ import annotations

_FOUND = {
    "N": "the balancer had no pin",
    "I": "the balancer did not know the pin",
    "D": "the pin's node was out of service",
    "V": "the balancer found the pin good",
    "E": "the pin had been idle for too long",
    "O": "the pin was too old",
    "U": "the balancer's cookie meant nothing to it, as it had no affinity any more",
}
_REASONS = {
    "backend-down": "",
    "drained": "as its drain was over",
    "removed": "as its node had been removed",
    "expired": "",
    "evicted": "as it had dropped it to make room",
    "saturated": "and its node was full",
    "other-secret": "as another secret had sealed it",
    "table-lost": "as it had lost what it had learned",
}
_DONE = {"I": "and made a new one", "U": "and renewed it", "D": "and dropped it"}


def in_words(verdict: str, reason: str = "") -> str:
    """`the balancer had no pin (NI)`: a sentence, and what was said, as in a log."""
    found = _FOUND.get(verdict[:1], "the balancer said of the pin")
    why = _REASONS.get(reason, reason)
    done = _DONE.get(verdict[1:2], "")
    if done and not found.startswith("the balancer "):
        done = done.replace("and ", "and the balancer ", 1)
    letters = ", ".join(filter(None, (verdict, reason)))
    return f"{', '.join(filter(None, (found, why, done)))} ({letters})"
