"""Pictures that are small enough for a repository: a page has few colours."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = 256


def still(shot: bytes) -> bytes:
    """A PNG in few colours."""
    written = BytesIO()
    few(opened(shot)).save(written, "PNG", optimize=True)
    return written.getvalue()


def moving(shots: Sequence[tuple[bytes, int]], width: int) -> bytes:
    """A GIF that goes round and round, of shots with the milliseconds that each is seen."""
    frames = [scaled(opened(shot), width) for shot, _ in shots]
    palette = few(tall(frames))
    written = BytesIO()
    first, *rest = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in frames]
    shown = [took for _, took in shots]
    first.save(written, "GIF", save_all=True, append_images=rest, duration=shown, loop=0)
    return written.getvalue()


def opened(shot: bytes) -> Image.Image:
    return Image.open(BytesIO(shot)).convert("RGB")


def scaled(image: Image.Image, width: int) -> Image.Image:
    size = width, round(image.height * width / image.width)
    return image.resize(size, Image.Resampling.LANCZOS)


def tall(images: Sequence[Image.Image]) -> Image.Image:
    """Some of them below each other, for what colours there are in all."""
    some = images[:: max(len(images) // 8, 1)]
    whole = Image.new("RGB", (some[0].width, some[0].height * len(some)))
    for place, image in enumerate(some):
        whole.paste(image, (0, place * image.height))
    return whole


def few(image: Image.Image) -> Image.Image:
    """Rare colours are kept as well as frequent ones: red is rare, and what matters."""
    of = Image.Quantize.MEDIANCUT
    return image.quantize(COLOURS, of, kmeans=2, dither=Image.Dither.NONE)
