"""How far the judging of a long history is."""

import sys


def progress(done: int, of: int) -> None:
    """A line that is written over, where somebody looks and it lasts."""
    if of > 1 and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{f'judged {done} of {of} parts' if done < of else ''}")
        sys.stderr.flush()
