"""Any operation that there may be."""

from __future__ import annotations

from hypothesis import strategies as st

from sessionlab.lab.record.history import Ending, Operation
from sessionlab.lab.record.packed.schema import WHO

WORDS = st.text(max_size=8) | st.sampled_from(
    [
        "",
        "<script>",
        "ü\n\r\x00",
        "u7",
        "u7.3",
        "u7.03",
        "u7.",
        ".1",
        "a.b.1",
        "\ud800",
        "u7.4294967296",
    ]
)
TOKENS = st.sampled_from(["GET", "POST", "GET;", "X-ODD"])
LETTERS = st.sampled_from(["", "NN", "VN", "DI", "odd letters"])
TIMES = st.integers(0, 2**40).map(lambda micros: micros / 1_000_000)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    invoked = draw(TIMES)
    took = draw(st.integers(0, 2**31)) / 1_000_000
    return Operation(
        draw(WORDS),
        draw(TOKENS),
        draw(WORDS),
        invoked,
        round(invoked + took, 6),
        draw(st.sampled_from(Ending)),
        draw(st.none() | st.integers(100, 599)),
        node=draw(st.none() | WORDS),
        user=draw(st.none() | WORDS),
        error=draw(st.none() | WORDS),
        new_connection=draw(st.booleans()),
        credential=draw(st.integers(0, 5000)),
        verdict=draw(LETTERS),
        reason=draw(WORDS),
        version=draw(st.none() | WORDS),
        item=draw(st.none() | WORDS),
        items=draw(st.none() | st.lists(WORDS, max_size=4).map(tuple)),
        cluster=draw(WORDS),
        tab=draw(st.integers(0, 2000)),
        direct=draw(st.booleans()),
        given_up=draw(st.booleans()),
        tie=draw(st.none() | st.booleans()),
        code=draw(WORDS),
        token_left=draw(st.none() | st.floats(-1e9, 1e9, width=32)),
        conversation=draw(st.sampled_from(["", "connect", "login", "me", "read", "odd"])),
        who=draw(st.sampled_from(WHO)),
        service=draw(WORDS),
        enters=draw(st.booleans()),
    )
