"""Blocks of rows in a file: NumPy's own `.npy`, one after the other; a file may be cut anywhere."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC, _PREFIX = b"\x93NUMPY\x01\x00", 10  # bytes: the magic, the version, the header's length


class Block(NamedTuple):
    """Where the rows of a block begin in their file, and how many of them are there."""

    at: int
    rows: int


def append(file: io.FileIO, rows: np.ndarray) -> None:
    """Write a block at the end of a file; raises OSError, and then the file is as it was."""
    put(file, _header(rows.dtype, len(rows)) + rows.tobytes())


def put(file: io.FileIO, data: bytes) -> None:
    """Write all of it at the end of a file, or, raising OSError, nothing."""
    end, rest = file.tell(), memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) or 0 :]
    except OSError:
        file.seek(end)
        file.truncate()
        raise


def load(path: Path, dtype: np.dtype) -> np.ndarray:
    """All whole rows of a file that `writer` has written, or begun to write; UsageError: another's.

    A file that is not there has none.
    """
    if not path.exists():
        return np.empty(0, dtype)
    blocks, _ = scan(path, dtype)
    rows = np.empty(sum(block.rows for block in blocks), dtype)
    into, at = rows.view(np.uint8).data, 0
    with path.open("rb", buffering=0) as file:
        for block in blocks:
            size = block.rows * dtype.itemsize
            file.seek(block.at)
            file.readinto(into[at : at + size])
            at += size
    return rows


def scan(path: Path, dtype: np.dtype) -> tuple[list[Block], bool]:
    """The blocks of a file, and whether it was cut, be it within a block; raises UsageError."""
    blocks: list[Block] = []
    with path.open("rb") as file:
        size = path.stat().st_size
        for header, at in _headers(file, size):
            found = _read_header(header)
            if found is None:
                return blocks, True
            if found[0] != dtype:
                raise UsageError(f"{path} does not hold rows of this schema", "judge another run")
            there = min(found[1], (size - at) // dtype.itemsize)
            blocks.append(Block(at, there))
            if there < found[1]:
                return blocks, True
            file.seek(at + there * dtype.itemsize)
    return blocks, False


def _headers(file: io.BufferedReader, size: int) -> Iterator[tuple[bytes, int]]:
    """Each block's header and where its rows begin; who takes it moves on to the next block."""
    while (at := file.tell()) < size:
        prefix = file.read(_PREFIX)
        long = int.from_bytes(prefix[8:], "little")
        header = prefix + file.read(long)
        yield header, at + _PREFIX + long


@lru_cache(4096)
def _read_header(header: bytes) -> tuple[np.dtype, int] | None:
    """What a block's rows are and how many; None where it is not all there, or no header."""
    if not header.startswith(_MAGIC):
        return None
    try:
        shape, _, dtype = np.lib.format.read_array_header_1_0(io.BytesIO(header[len(_MAGIC) :]))
        (rows,) = shape
    except (ValueError, TypeError):
        return None
    return dtype, rows


@lru_cache(4096)
def _header(dtype: np.dtype, rows: int) -> bytes:
    """As `numpy.save` writes it; there it takes longer than the rows."""
    described = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (rows,),
    }
    data = io.BytesIO()
    np.lib.format.write_array_header_1_0(data, described)
    return data.getvalue()
