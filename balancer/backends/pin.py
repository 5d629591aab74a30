"""What a request says of its pin and its answer does about it, as letters, and the reasons.

A request has a verdict of two letters, HAProxy's (configuration manual, section 8.5, third
and fourth character), and a reason when a pin moved or was lost. What each means here:

found in the request
  N  no pin: no cookie (`cookie`, `learn`), no header (`header`), or a client that the table does
     not know (`header`, `source`: every request has an address, so that is a new visitor)
  I  invalid: a cookie that is no token of ours, or whose backend is not one of this service
     (removed), or that the table does not know (`learn`)
  D  down: its backend is known and may not serve it: down, ejected, in maintenance, failed for
     this very request, or drained past its limit
  V  valid: its backend may serve it, and does, unless the reason says `saturated`
  E  expired: idle for longer than allowed, as long as a table remembers it; treated as if there
     were none
  O  too old: made longer ago than allowed; treated as if there were none
  U  unused: our cookie is there, but the service has affinity `none` (it had another before)

done about it in the answer
  N  nothing (a table renews the idle time of every pin that it finds; nobody is told)
  I  inserted: a cookie set, or a pin put in the table; also when the pin moves, as with HAProxy
  U  updated: the same pin again, with a new date (`cookie` with max-idle, `learn` when the app
     sets the same value again)
  D  deleted: the app's answer ended its session, and the table forgot it (`learn`)

A request that is refused before anybody looked for its pin, as it is malformed or no route matches,
has no letters: `--` in the log, `-` as both labels of the counter, nothing in the header.

HAProxy's P and R do not occur: no cookie of the app is ours. An answer that the balancer makes
itself does nothing about a pin.

Reasons are known or left out, never guessed:

  backend-down  D, and it is down, ejected, in maintenance or failed for this request
  drained       D, and the limit of its drain has passed
  removed       I, and the pin is authentic (our token, or a row of the table)
  expired       E or O
  evicted       I or N, and the table remembers that it dropped the pin to make room
  saturated     V, and the backend and its queue were full
  table-lost    I (`learn`): the cookie was not set through this table since it began, nothing
                about its keys was forgotten, and it began less than its idle time ago, so a pin
                made before would still have been good. A value that the app never set through
                this balancer, made up or from elsewhere, can't be told from that.
"""

from __future__ import annotations

from typing import NamedTuple

NONE, INVALID, DOWN, VALID, EXPIRED, OLD, UNUSED = "N", "I", "D", "V", "E", "O", "U"
NOTHING, INSERTED, UPDATED, DELETED = "N", "I", "U", "D"

BACKEND_DOWN = "backend-down"
PAST_LIMIT = "drained"
REMOVED = "removed"
IDLE_OR_OLD = "expired"
EVICTED = "evicted"
SATURATED = "saturated"
TABLE_LOST = "table-lost"


class Pin(NamedTuple):
    """One row of the admin's table of pins; `key` is a hash, never the credential.

    `since` and `last_seen` are Unix times, `expires_in` seconds.
    """

    key: str
    backend: str
    since: float
    last_seen: float
    expires_in: float
