"""Words onto pictures: dark boxes at the lower left, in the picture's own pixel format."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

LEAST_PX = 12
"""Height of a line of letters, or a 22nd of the picture's."""
SHARE = 22
NO_LETTER = "\U0010ffff"
"""What no font has: drawn as fonts draw what they have not."""
Spoken = tuple[int, int, str]
"""Onset, offset in microseconds, and the words."""


@dataclass(frozen=True)
class Captions:
    """What stands on the pictures, and when.

    Attributes:
        spoken: Words with their onset and offset in microseconds.
        font: File of a font; None for one that comes with matplotlib (Latin, Greek, Cyrillic and
            some more).
    """

    spoken: tuple[Spoken, ...]
    font: str | None = None

    def at(self, micros: int) -> tuple[str, ...]:
        """What stands in the picture of a moment, in microseconds of the film."""
        return tuple(text for onset, offset, text in self.spoken if onset <= micros < offset)

    def missing(self) -> str:
        """Letters that the font has not, each once."""
        font = _font(self.font, LEAST_PX)
        nothing = bytes(font.getmask(NO_LETTER))
        letters = sorted({c for _, _, text in self.spoken for c in text if not c.isspace()})
        return "".join(c for c in letters if bytes(font.getmask(c)) == nothing)

    def onto(self, picture: NDArray[np.uint8], width: int, micros: int) -> None:
        """Write what stands at a moment, in microseconds, into a picture of yuv420p.

        Its rows are (H * 3 / 2, W): brightness above the two quarter-sized planes of colour.
        """
        lines = self.at(micros)
        if lines:
            height = picture.size * 2 // 3 // width
            box = _box(lines, self.font, width, height)
            _paste(picture.reshape(-1), box, width, height)


@lru_cache(maxsize=64)
def _box(lines: tuple[str, ...], font: str | None, width: int, height: int) -> NDArray[np.uint8]:
    """The box of some lines as yuv420p, no larger than the picture; sides are even."""
    size = max(LEAST_PX, height // SHARE)
    letters, step = _font(font, size), size * 3 // 2
    wide = max(int(letters.getlength(line)) for line in lines) + size
    box = min(wide + wide % 2, width), min((step * len(lines) // 2 + 1) * 2, height)
    image = Image.new("RGB", box, (16, 16, 16))
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((size // 2, number * step + size // 6), line, "white", letters)
    frame = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24")
    return np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)


def _paste(flat: NDArray[np.uint8], box: NDArray[np.uint8], width: int, height: int) -> None:
    """Put the box over the lower left corner, plane by plane."""
    wide, high, at, own = box.shape[1], box.shape[0] * 2 // 3, 0, 0
    for part in (1, 2, 2):
        w, h, bw, bh = width // part, height // part, wide // part, high // part
        plane = flat[at : at + w * h].reshape(h, w)
        piece = box.reshape(-1)[own : own + bw * bh].reshape(bh, bw)
        plane[h - bh :, :bw] = piece
        at, own = at + w * h, own + bw * bh


@lru_cache(maxsize=8)
def _font(path: str | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    found = path or _own_font()
    return ImageFont.truetype(found, size) if found else ImageFont.load_default(size)


def _own_font() -> str | None:
    spec = find_spec("matplotlib")  # its files alone: importing it takes a second
    for place in spec.submodule_search_locations or () if spec else ():
        file = Path(place) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            return str(file)
    return None
