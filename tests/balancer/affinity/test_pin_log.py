"""The shared log of pins."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.balancer.affinity.pin_log import FORGET, RECORDS, PinLog

SERVICE, PIN = b"service.", b"backend."


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


@settings(max_examples=50)
@given(
    st.integers(2, 5).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.booleans()), max_size=40)
        )
    )
)
def test_everybody_hears_everything_of_the_others_once_and_in_order(
    plan: tuple[int, list[tuple[int, bool]]],
) -> None:
    workers, steps = plan
    memory = PinLog.memory(workers)
    journals = [PinLog(memory, workers, n) for n in range(workers)]
    written: dict[int, list[bytes]] = defaultdict(list)
    heard: dict[int, list[bytes]] = defaultdict(list)
    for number, (worker, reads) in enumerate(steps):
        if reads:
            journals[worker].catch_up(lambda _, k, __, worker=worker: heard[worker].append(k))  # type: ignore[misc]
        else:
            journals[worker].append(SERVICE, key(number), PIN)
            written[worker].append(key(number))
    for worker in range(workers):
        journals[worker].catch_up(lambda _, k, __, worker=worker: heard[worker].append(k))  # type: ignore[misc]
        for other in range(workers):
            seen = [k for k in heard[worker] if k in written[other]]
            assert seen == ([] if other == worker else written[other])
    for journal in journals:
        journal.close()
    memory.close()


def test_a_reader_that_slept_through_a_whole_ring_gets_the_newest() -> None:
    memory = PinLog.memory(2)
    writer, reader = PinLog(memory, 2, 0), PinLog(memory, 2, 1)
    for number in range(RECORDS + 10):
        writer.append(SERVICE, key(number), FORGET)
    heard: list[tuple[bytes, bytes, bytes]] = []
    reader.catch_up(lambda *record: heard.append(record))
    assert len(heard) == RECORDS
    assert heard[0] == (SERVICE, key(10), FORGET)
    assert heard[-1] == (SERVICE, key(RECORDS + 9), FORGET)
    writer.close()
    reader.close()
    memory.close()
