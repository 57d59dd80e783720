"""What containers cut off: known rectangles in Matroska and MP4, and what is no rectangle."""

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.container import open_container
from avel.pipeline.media.cropping import Cropping, cropping_of
from avel.pipeline.media.segment import segment_whole
from tests.films import regular, write_film
from tests.programs import shown_by_ffmpeg

CUT = Cropping(16, 32, 8, 4)
WIDTH, HEIGHT = 112, 76


def framed() -> np.ndarray:
    """Red where it is to be cut off; green and then blue within, in halves from left to right."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 0] = 240
    inside = rgb[CUT.top : HEIGHT - CUT.bottom, CUT.left : WIDTH - CUT.right]
    inside[:, :32] = (0, 240, 0)
    inside[:, 32:] = (0, 0, 240)
    return rgb


def film(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.codec_context.color_primaries = stream.codec_context.color_trc = 1
        stream.codec_context.colorspace = stream.codec_context.color_range = 1
        stream.codec_context.sample_aspect_ratio = Fraction(1)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(framed(), "rgb24")
            frame = frame.reformat(format="yuv444p", dst_colorspace=1)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def crop_matroska(path: Path, cut: Cropping) -> None:
    """Write PixelCrop elements in place of the colours' description."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\x55\xb0")  # Colour
    room = 3 + (data[at + 2] & 0x7F)
    sides = {b"\x54\xbb": cut.top, b"\x54\xaa": cut.bottom, b"\x54\xcc": cut.left}
    elements = b"".join(
        name + b"\x81" + bytes([value])
        for name, value in (*sides.items(), (b"\x54\xdd", cut.right))
    )
    filler = room - len(elements) - 2
    assert filler >= 0, "the description of the colours is too short"
    data[at : at + room] = elements + bytes([0xEC, 0x80 | filler]) + bytes(filler)
    path.write_bytes(bytes(data))


def crop_mp4(path: Path, cut: Cropping) -> None:
    """Write a clean aperture in place of the boxes of colours, pixels' shape and bit rate."""
    data = bytearray(path.read_bytes())
    boxes = [data.index(name) - 4 for name in (b"colr", b"pasp", b"btrt") if name in data]
    start = min(boxes)
    last = max(boxes)
    end = last + struct.unpack(">I", data[last : last + 4])[0]
    width, height = WIDTH - cut.left - cut.right, HEIGHT - cut.top - cut.bottom
    right, down = cut.left - cut.right, cut.top - cut.bottom  # halves of pixels off the middle
    aperture = struct.pack(">I4s4i4i", 40, b"clap", width, 1, height, 1, right, 2, down, 2)
    filler = end - start - len(aperture)
    assert filler >= 8
    data[start:end] = aperture + struct.pack(">I4s", filler, b"free") + bytes(filler - 8)
    path.write_bytes(bytes(data))


@pytest.fixture(params=["mkv", "mp4"])
def cropped(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = film(tmp_path / f"v.{request.param}")
    (crop_matroska if request.param == "mkv" else crop_mp4)(path, CUT)
    return path


def read(path: Path) -> Cropping:
    with open_container(path) as container:
        return cropping_of(container, container.streams.video[0])


def test_the_rectangle_is_read(cropped: Path) -> None:
    assert read(cropped) == CUT


def test_what_is_cut_off_is_not_seen(cropped: Path) -> None:
    """The inside is a square of 64 pixels: no red at its edges, and its middle in the middle."""
    shown = segment_whole(cropped, SegmentConfig(1, 64)).frames[0, 0].astype(int)
    assert shown[0].max() < 12
    np.testing.assert_allclose(shown[:, :, :31].mean((1, 2)), (0, 240, 0), atol=6)
    np.testing.assert_allclose(shown[:, :, 33:].mean((1, 2)), (0, 0, 240), atol=6)


def test_it_is_what_ffmpegs_crop_leaves(cropped: Path) -> None:
    # programs before ffmpeg 7.1 do not read the rectangle themselves
    crop = f"crop=64:64:{CUT.left}:{CUT.top}"
    whole = film(cropped.with_name(f"whole{cropped.suffix}"))
    (expected,) = shown_by_ffmpeg(whole, (32, 32), before=crop)
    found = segment_whole(cropped, SegmentConfig(1, 32)).frames[0, 0]
    assert np.abs(found.astype(int) - expected).mean() < 1


def test_most_files_cut_nothing(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(3))
    assert read(path) == Cropping()
    level = av.logging.get_level()
    read(path)
    assert av.logging.get_level() == level


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (Cropping(), (100, 50)),
        (Cropping(10, 20, 5, 6), (70, 39)),
        (Cropping(60, 40, 0, 0), (100, 50)),
        (Cropping(0, 0, 25, 26), (100, 50)),
        (Cropping(99, 0, 49, 0), (1, 1)),
    ],
)
def test_a_rectangle_that_leaves_nothing_is_none(cut: Cropping, expected: tuple[int, int]) -> None:
    assert cut.size(100, 50) == expected


TWO = """Input #0, matroska,webm, from '':
  Metadata:
    title           : x
                    :       Frame Cropping: 1/1/1/1
  Stream #0:0: Audio: opus, 48000 Hz
  Stream #0:1(eng): Video: h264, yuv420p, 64x64
    Side data:
      Frame Cropping: 1/2/3/4
  Stream #0:2[0x100]: Video: h264, yuv420p, 64x64
    Metadata:
      Frame Cropping: 9/9/9/9 : tag
"""


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0, Cropping()), (1, Cropping(1, 2, 3, 4)), (2, Cropping()), (7, Cropping())],
)
def test_each_stream_has_its_own_and_tags_have_none(index: int, expected: Cropping) -> None:
    container: Any = SimpleNamespace(dumps_format=lambda: TWO)
    stream: Any = SimpleNamespace(index=index)
    assert cropping_of(container, stream) == expected
