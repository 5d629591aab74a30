"""`python -m tests.screenshots [NAME]`: the pictures of docs/images, of what is run for them now.

It needs Chromium and about a minute. NAME: only those whose name begins so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from sessionlab.lab.fabrics.local.programs import executable
from tests.screenshots import live, report

IMAGES = Path(__file__).parents[2] / "docs/images"


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable("chromium"), args=["--no-sandbox"]
        )
        for of in (report, live):
            if not of.NAMES.startswith(wanted) and not wanted.startswith(of.NAMES):
                continue
            for name, picture in of.taken(chromium):
                (IMAGES / name).write_bytes(picture)
                print(f"{name}: {len(picture) / 1000:.0f} kB")  # noqa: T201
        chromium.close()


if __name__ == "__main__":
    main()
