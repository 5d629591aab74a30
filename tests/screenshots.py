"""`python -m tests.screenshots`: the images of docs/images, of two runs made for them here and now.

It needs Chromium and about half a minute. Each image has at most 256 colours, as a page has few.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import zlib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import sync_playwright

from sessionlab.lab.fabrics.local.programs import executable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parent.parent / "docs/images"
EXPERIMENT = """
name = "a-node-is-killed"
seed = 1
[cluster]
strategy = "{strategy}"
nodes = 3
affinity = "cookie"
[workload]
users = 120
seconds = 8
think = 0.2
life = {{browse = 10, write = 2, logout = 0}}
[[fault]]
fault = "kill-node"
part = "n2"
at = 4
for = 1
[bounds]
p99_ms = "<= 250"
lost = 0
"""
PIXELS = """async (image) => {
    const picture = new Image();
    picture.src = image;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let text = "";
    for (let at = 0; at < data.length; at += 4) {
      text += String.fromCharCode(data[at], data[at + 1], data[at + 2]);
    }
    return [picture.width, picture.height, text];
}"""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as room, sync_playwright() as playwright:
        report, two = made(Path(room))
        chromium = playwright.chromium.launch(
            executable_path=executable("chromium"), args=["--no-sandbox"]
        )
        for name, image in taken(chromium, report, two):
            (IMAGES / f"{name}.png").write_bytes(small(chromium, image))
            print(f"{name}.png: {(IMAGES / f'{name}.png').stat().st_size / 1000:.0f} kB")  # noqa: T201
        chromium.close()


def made(room: Path) -> tuple[str, str]:
    """The addresses of a run's report, and of one of two runs."""
    for strategy in ("memory", "redis"):
        (room / f"{strategy}.toml").write_text(EXPERIMENT.format(strategy=strategy))
        sessionlab(room, "run", f"{strategy}.toml", "--out", strategy)
    sessionlab(room, "report", "memory")
    sessionlab(room, "report", "memory", "redis", "--out", "two.html")
    return (room / "memory/report.html").as_uri(), (room / "two.html").as_uri()


def sessionlab(room: Path, *words: str) -> None:
    command = [sys.executable, "-m", "sessionlab", *words]
    subprocess.run(command, cwd=room, check=False, capture_output=True)


def taken(chromium: Browser, report: str, two: str) -> Iterator[tuple[str, bytes]]:
    for scheme in ("light", "dark"):
        page = opened(chromium, report, scheme=scheme, height=1180)
        yield f"report-{scheme}", page.screenshot()
        page.close()
    page = opened(chromium, report, height=760)
    page.locator("h2", has_text="Users").last.evaluate("(head) => head.scrollIntoView()")
    yield "report-lanes", page.screenshot()
    page.locator(".losses button").first.click()
    page.wait_for_timeout(300)
    page.locator("li.marks").evaluate("(step) => step.scrollIntoView({ block: 'center' })")
    yield "report-loss", page.screenshot()
    page.close()
    page = opened(chromium, two, height=900)
    yield "report-two-runs", page.screenshot()
    page.close()


def opened(chromium: Browser, url: str, *, height: int, scheme: str = "light") -> Page:
    page = chromium.new_page(viewport={"width": 1100, "height": height})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(url)
    page.wait_for_selector("footer")
    return page


def small(chromium: Browser, image: bytes) -> bytes:
    """The same picture in its most frequent colours, as PNG that is packed as far as it goes."""
    page = chromium.new_page()
    width, height, text = page.evaluate(
        PIXELS, f"data:image/png;base64,{b64encode(image).decode()}"
    )
    page.close()
    pixels = np.frombuffer(text.encode("latin-1"), np.uint8).reshape(-1, 3)
    palette, places = reduced(pixels)
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, which is none
    rows[:, 1:] = places.reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in [*parts, (b"IEND", b"")])


def reduced(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The most frequent colours, of each kind one, and for each pixel the nearest of them."""
    every, places, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    often = every[np.argsort(-counts)]
    kinds = np.unique(often >> 4, axis=0, return_index=True)[1]  # a rare red is a kind of its own
    palette = often[np.union1d(np.arange(min(64, len(often))), kinds)[:256]]
    far = every[:, None, :].astype(np.int32) - palette[None, :, :].astype(np.int32)
    nearest = (far**2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    return palette, nearest[places.reshape(-1)]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
