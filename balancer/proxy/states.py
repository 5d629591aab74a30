"""The life of a client's connection.

GREETING   the PROXY protocol is expected, and its header has not come yet
READING    a request's head is awaited, or has come in part
BODY       a request is under way whose body has not come whole
SENT       a request is under way that has
TUNNEL     after an Upgrade: bytes pass both ways
DISCARD    closing: the client may still read our last answer (RFC 9112 section 9.6)

GREETING -> READING -> BODY -> SENT -> READING, when the answer is finished. TUNNEL and DISCARD
are ends; every state may go to DISCARD.
"""

READING, BODY, SENT, TUNNEL, DISCARD, GREETING = range(6)
UNDER_WAY = frozenset({BODY, SENT, TUNNEL})
