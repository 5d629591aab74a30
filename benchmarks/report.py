"""How long the report of a run takes, and how big it is: `python -m benchmarks.report`.

Makes the history of a run of 100,000 requests of five thousand users, of whom some are lost, and
runs `sessionlab report` on it, which has to make all checks, too. Prints seconds, and the bytes of
the page. Exit status 1 above 5 s or 1 MB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.judge import PARTS, USERS, make, tell

MOST_SECONDS, MOST_BYTES = 5.0, 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, metavar="N")
    steps = max(parser.parse_args().requests // USERS, 1)
    with tempfile.TemporaryDirectory(prefix="sessionlab-report-") as name:
        folder = Path(name)
        for part in range(PARTS):
            make(name, part, steps)
        tell(folder)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sessionlab", "report", name], check=True)
        seconds, size = time.perf_counter() - began, (folder / "report.html").stat().st_size
    print(f"{steps * USERS:,} requests: a report of {size / 1000:,.0f} kB in {seconds:.1f} s")
    sys.exit(seconds > MOST_SECONDS or size > MOST_BYTES)


if __name__ == "__main__":
    main()
