"""Files that are replaced as a whole: nobody finds half of one, nor one of an earlier run."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

_ONLY_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
"""What says that a file may be written, but no other put in its place: a mounted one, say."""


def replace(path: Path, text: str) -> None:
    """Put a text in the place of what is there; raises OSError, and leaves what was there then.

    A device or a pipe is written to.
    """
    data = text.encode("utf-8", "backslashreplace")  # lone surrogates too
    if not is_replaced(path):
        path.write_bytes(data)
        return
    target = path.resolve()
    beside = target.with_name(f".{os.getpid()}.{target.name}"[:255])
    try:
        beside.write_bytes(data)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if error.errno not in _ONLY_IN_PLACE:
            raise
        target.write_bytes(data)


def is_replaced(path: Path) -> bool:
    """Whether there is a file, or nothing yet."""
    return path.is_file() or not path.exists()
