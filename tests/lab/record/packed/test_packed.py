from __future__ import annotations

import errno
import json
from contextlib import closing
from dataclasses import replace
from itertools import pairwise, starmap
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.errors import UsageError
from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.packed import blocks
from sessionlab.lab.record.packed.export import to_jsonl
from sessionlab.lab.record.packed.reader import Stored, of_operations, read
from sessionlab.lab.record.packed.schema import ROW, SEEN
from sessionlab.lab.record.packed.words import MORE, Words
from sessionlab.lab.record.packed.writer import BLOCK, Writer
from tests.lab.record.packed.operations import operations

if TYPE_CHECKING:
    import io
    from pathlib import Path

    from sessionlab.lab.record.packed.shard import Shard

ONE = Operation("u1", "GET", "/me", 0.5, 0.75, Ending.OK, 200, "n1", "u1", conversation="me")


def in_order(shard: Shard) -> list[Operation]:
    """As they were appended."""
    return shard.operations(np.argsort(shard.place))


def all_of(stored: Stored) -> list[Operation]:
    return [op for name in stored.shards() for op in in_order(read(name))]


def of_users(count: int) -> list[Operation]:
    return [replace(ONE, client=f"u{number}", user=f"u{number}") for number in range(count)]


@given(st.lists(operations(), max_size=5))
def test_an_operation_is_a_row_and_again_the_same_operation(given: list[Operation]) -> None:
    assert in_order(of_operations(given)) == given


@given(st.lists(operations(), max_size=5))
def test_it_is_the_same_through_files(
    tmp_path_factory: pytest.TempPathFactory, given: list[Operation]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    writer = Writer(folder, part=3, shards=2)
    for operation in given:
        writer.append(operation)
        writer.flush()
    writer.close()
    stored = Stored.open(folder)
    assert (stored.operations, stored.cut) == (len(given), ())
    key = [(op.client, op.invoked, op.path) for op in given]
    assert sorted((op.client, op.invoked, op.path) for op in all_of(stored)) == sorted(key)
    assert all(op in given for op in all_of(stored))
    exported = list(History.from_jsonl("".join(to_jsonl(stored))))
    assert exported == all_of(stored)


def test_a_shard_has_all_of_a_user_in_the_order_of_their_beginnings(tmp_path: Path) -> None:
    writer = Writer(tmp_path, shards=4)
    for invoked in (3.0, 1.0, 2.0):
        for one in of_users(9):
            writer.append(replace(one, invoked=invoked, completed=5.0))
    writer.close()
    shards = [read(name) for name in Stored.open(tmp_path).shards()]
    met = [user for shard in shards for user in np.unique(shard.rows["user"]).tolist()]
    assert len(met) == len(set(met)) == 9
    for shard in shards:
        for where in starmap(slice, pairwise(shard.starts.tolist())):
            assert shard.rows["invoked"][where].tolist() == [1_000_000, 2_000_000, 3_000_000]
            assert len({op.client for op in shard.operations(where)}) == 1
        assert shard.starts[-1] == len(shard.rows)


def test_rows_of_a_generator_keep_what_a_read_has_seen(tmp_path: Path) -> None:
    writer = Writer(tmp_path, shards=2)
    users = [writer.word("user", name) for name in ("u1", "u2")]
    request, read_ = writer.word("request", "GET /cart"), writer.word("conversation", "read")
    for round_ in range(3):
        for user in users:
            items, seen = writer.saw([(user, number) for number in range(1, round_ + 1)])
            writer.add(
                *(round_, 5, 7, 2**64 - 1, 60, user, user, 0, items, seen, 0, request, 200),
                *(0, 0, 0, 0, 0, 0, 0, read_, 0, 1, 0, float("nan")),
            )
        writer.flush()
    writer.close()
    said = [(op.client, op.items) for op in all_of(Stored.open(tmp_path))]
    assert sorted(said) == [
        (user, tuple(f"{user}.{n}" for n in range(1, count + 1)))
        for user in ("u1", "u2")
        for count in range(3)
    ]
    row = read(Stored.open(tmp_path).shards()[0]).rows[0]
    assert (int(row["late"]), int(row["credential"])) == (7, 2**64 - 1)


def test_a_block_is_written_when_it_is_full_and_after_a_second(tmp_path: Path) -> None:
    writer = Writer(tmp_path, shards=1)
    for number in range(BLOCK + 3):
        writer.append(replace(ONE, invoked=number / 1e6, completed=1.0))
    assert Stored.open(tmp_path).operations == BLOCK
    writer.append(replace(ONE, invoked=2.0, completed=2.5))
    assert Stored.open(tmp_path).operations == BLOCK + 4
    writer.close()


def test_any_numpy_reads_a_block(tmp_path: Path) -> None:
    writer = Writer(tmp_path, shards=1)
    writer.append(ONE)
    writer.close()
    with (tmp_path / "history/0-0.ops").open("rb") as file:
        rows = np.load(file)
    assert (rows.dtype, rows["status"].tolist()) == (ROW, [200])


@pytest.mark.parametrize("kind", ["ops", "seen", "words"])
def test_a_file_that_was_cut_is_read_up_to_there_wherever_that_is(
    tmp_path: Path, kind: str
) -> None:
    writer = Writer(tmp_path, shards=1)
    for number in range(6):
        writer.append(replace(ONE, node=f"n{number}", items=(f"u1.{number + 1}",)))
        writer.flush()
    writer.close()
    path = tmp_path / "history" / f"0{'' if kind == 'words' else '-0'}.{kind}"
    whole = path.read_bytes()
    before = all_of(Stored.open(tmp_path))
    for end in [
        *range(0, len(whole), 61),
        *(whole.find(b"\n", at) + 1 for at in range(0, len(whole), 400)),
    ]:
        path.write_bytes(whole[:end])
        stored = Stored.open(tmp_path)
        said = all_of(stored)
        if kind == "ops":
            assert said == before[: len(said)]
            assert stored.operations == len(said)
        else:
            assert [op.invoked for op in said] == [op.invoked for op in before]
        if kind == "seen":
            assert all(op.items in (None, was.items) for op, was in zip(said, before, strict=True))
        if stored.cut:
            assert path.name in stored.cut[0]
    path.write_bytes(whole[:-10])
    assert Stored.open(tmp_path).cut


@pytest.mark.parametrize(
    ("column", "value"),
    [("user", 2**32 - 1), ("found", 2**31), ("invoked", 2**63), ("outcome", 7), ("who", 255)],
)
def test_values_that_no_writer_writes_are_told_with_their_row(
    tmp_path: Path, column: str, value: int
) -> None:
    with closing(Writer(tmp_path, shards=1)) as writer:
        for operation in of_users(3):
            writer.append(operation)
    path = tmp_path / "history" / "0-0.ops"
    rows = blocks.load(path, ROW)
    rows[column][2] = value
    with path.open("wb", buffering=0) as file:
        blocks.append(file, rows)
    with pytest.raises(
        UsageError, match=rf"history/0-0.ops is damaged: row 2 has {column} {value}"
    ):
        all_of(Stored.open(tmp_path))


def test_without_its_words_a_history_is_refused(tmp_path: Path) -> None:
    with closing(Writer(tmp_path)) as writer:
        writer.append(of_users(1)[0])
    (tmp_path / "history" / "0.words").unlink()
    with pytest.raises(UsageError, match=r"0\.words is not there"):
        Stored.open(tmp_path)


def test_what_is_no_block_ends_a_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path, shards=1)
    writer.append(ONE)
    writer.close()
    with (tmp_path / "history/0-0.ops").open("ab") as file:
        file.write(bytes(5000))  # what a crashed machine may leave
    stored = Stored.open(tmp_path)
    assert stored.cut == ("history/0-0.ops ends in the middle of a block: judged up to there",)
    assert all_of(stored) == [ONE]


def test_a_newer_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Writer(tmp_path).close()
    about = tmp_path / "history/history.json"
    about.write_text(json.dumps({"schema": 3, "shards": 16}))
    with pytest.raises(UsageError, match="schema 3, and this sessionlab reads up to 2") as raised:
        Stored.open(tmp_path)
    assert "newer one" in raised.value.hint


@pytest.mark.parametrize("text", [None, "", "[]", '{"schema": 2}', '{"schema": "x", "shards": 1}'])
def test_a_folder_without_a_history_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "history").mkdir()
        (tmp_path / "history/history.json").write_text(text)
    with pytest.raises(UsageError):
        Stored.open(tmp_path)


def test_rows_of_other_columns_are_refused(tmp_path: Path) -> None:
    Writer(tmp_path, shards=1).close()
    with (tmp_path / "history/0-0.ops").open("wb") as file:
        np.save(file, np.zeros(1, SEEN))
    with pytest.raises(UsageError, match="does not hold rows"):
        Stored.open(tmp_path)


@pytest.mark.parametrize("room", [0, 100, 3_000, 5_000])
def test_a_full_disk_is_told_and_what_was_written_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """The file system takes so many bytes more, then says so, as write(2) does: in the middle."""
    put, left = blocks.put, [10**9]

    class Full:
        def __init__(self, file: io.FileIO) -> None:
            self.file, self.tell = file, file.tell
            self.seek, self.truncate = file.seek, file.truncate

        def write(self, data: memoryview) -> int:
            if not left[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            written = self.file.write(data[: min(left[0], 1000)]) or 0
            left[0] -= written
            return written

    monkeypatch.setattr(blocks, "put", lambda file, data: put(Full(file), data))  # type: ignore[arg-type]
    writer = Writer(tmp_path, shards=4)
    known = [replace(one, items=("u1.1", "book")) for one in of_users(40)]
    for one in known:
        writer.append(one)
    writer.flush()
    left[0] = room
    for one in known:
        writer.append(replace(one, path="/later"))
    with pytest.raises(OSError, match="No space left"):
        writer.flush()
    left[0] = 10**9
    writer.append(replace(ONE, path="/last", node="n-new"))
    writer.close()
    stored = Stored.open(tmp_path)
    assert stored.cut == ()
    said = all_of(stored)
    assert sorted((op for op in said if op.path == "/me"), key=repr) == sorted(known, key=repr)
    assert [op.node for op in said if op.path == "/last"] == ["n-new"]


def test_words_beyond_what_a_column_can_count_are_one_word() -> None:
    words = Words()
    numbers = [words.add("conversation", f"odd {number}")[0] for number in range(400)]
    assert max(numbers) == 255
    assert words.text("conversation", 255) == MORE
    assert words.number("conversation", "odd 3") == numbers[3]
