"""Whole files as the ffmpeg program shows them: pictures at several moments, from many encoders."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from tests.outside import outside
from tests.programs import shown_by_ffmpeg

SHARED = Path(__file__).resolve().parents[4] / "shared"
NAMES = {
    "applausing.mp4": "420",
    "av1_video.mkv": "",
    "boat.mp4": "420",
    "bt709_full_range.mp4": "420",
    "h264_10bits.mp4": "420",
    "h265_10bits.mp4": "420",
    "h265_video.mp4": "420",
    "silence_girl.mp4": "420",
}
"""Real files, and the subsampling of those whose colour is sampled on the left."""
SIDE = 48
SECONDS = 3


def ours(path: Path, fit: str = "squash") -> np.ndarray:
    """Pictures (T, 3, H, W) on screen at 0.5 s, 1.5 s ..."""
    config = SegmentConfig(1, SIDE, fit=fit)  # type: ignore[arg-type]
    return segment_whole(path, config).frames[:SECONDS, 0].astype(int)


@pytest.mark.parametrize("name", NAMES)
def test_real_files(name: str) -> None:
    path = outside(SHARED / "media") / name
    found = ours(path)
    moments = [second + 0.5 for second in range(len(found))]
    expected = shown_by_ffmpeg(path, (SIDE, SIDE), moments, left=NAMES[name])
    same(found, expected)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """Bit for bit with the versions this was written with; a level is left for others."""
    assert len(found) == len(expected) > 0
    for picture, theirs in zip(found, expected, strict=True):
        assert np.abs(picture - theirs).mean() < 0.5
        assert np.abs(picture - theirs).max() <= 6


KINDS: dict[str, dict[str, Any]] = {
    "mpeg2.ts": {"codec": "mpeg2video", "form": "yuv420p", "options": {"qscale": "2"}},
    "mpeg4.avi": {"codec": "mpeg4", "form": "yuv420p", "options": {"qscale": "2"}},
    "mjpeg.mov": {"codec": "mjpeg", "form": "yuvj422p", "options": {"qscale": "2"}},
    "prores.mov": {"codec": "prores_ks", "form": "yuv422p10le"},
    "png.mov": {"codec": "png", "form": "rgb24"},
    "ffv1.mkv": {"codec": "ffv1", "form": "yuv444p16le"},
    "vp8.webm": {"codec": "libvpx", "form": "yuv420p", "options": {"b": "2M"}},
    "vp9.webm": {"codec": "libvpx-vp9", "form": "yuv422p", "options": {"b": "2M"}},
    "wide.mp4": {"codec": "libx264", "form": "yuv420p", "aspect": Fraction(16, 11)},
    "full.mp4": {"codec": "libx264", "form": "yuv420p", "said": {"color_range": 2}},
    "bt709.mp4": {"codec": "libx264", "form": "yuv422p", "said": {"colorspace": 1}},
    "bt601.mp4": {"codec": "libx264", "form": "yuv444p", "said": {"colorspace": 5}},
    "smpte240.mkv": {"codec": "ffv1", "form": "yuv420p", "said": {"colorspace": 7}},
    "bt2020.mkv": {"codec": "ffv1", "form": "yuv420p10le", "said": {"colorspace": 9}},
}

ON_THE_LEFT = {
    **dict.fromkeys(("mpeg2.ts", "mpeg4.avi", "wide.mp4", "full.mp4"), "420"),
    "bt709.mp4": "422",
}


def moving(number: int, width: int, height: int) -> np.ndarray:
    """Coloured waves that move on with every frame."""
    y, x = np.mgrid[0:height, 0:width]
    parts = (np.sin(x / 9 + number / 4), np.cos(y / 8 + number / 5), np.sin((x + y) / 13))
    return np.stack([127 + 100 * part for part in parts], 2).astype(np.uint8)


def written(
    path: Path,
    codec: str,
    form: str,
    options: dict[str, str] | None = None,
    said: dict[str, int] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Three seconds of moving waves in a codec and a pixel format, that say of themselves `said`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10, options=options or {})
        stream.width, stream.height, stream.pix_fmt = 176, 144, form  # type: ignore[attr-defined]
        for name, value in (said or {}).items():
            setattr(stream.codec_context, name, value)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect  # type: ignore[attr-defined]
        for number in range(10 * SECONDS):
            frame = av.VideoFrame.from_ndarray(moving(number, 176, 144), "rgb24")
            frame = frame.reformat(format=form)
            frame.pts = number
            for name, value in (said or {}).items():
                setattr(frame, name, value)
            container.mux(stream.encode(frame))  # type: ignore[attr-defined]
        container.mux(stream.encode(None))  # type: ignore[attr-defined]
    return path


@pytest.mark.parametrize("name", KINDS)
def test_files_of_every_kind(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, **KINDS[name])
    found = ours(path)
    moments = [second + 0.51 for second in range(SECONDS)]
    same(found, shown_by_ffmpeg(path, (SIDE, SIDE), moments, left=ON_THE_LEFT.get(name, "")))
    assert len(found) == SECONDS
    assert np.abs(found[0] - found[1]).mean() > 10  # they do move


@pytest.mark.parametrize(
    ("fit", "filters", "size"),
    [
        ("crop", "crop=144*11/16:144", (SIDE, SIDE)),  # a square of the 256 x 144 that are seen
        ("pad", "null", (SIDE, 27)),
    ],
)
def test_the_fits_of_wide_pixels(
    tmp_path: Path, fit: str, filters: str, size: tuple[int, int]
) -> None:
    path = written(tmp_path / "wide.mp4", **KINDS["wide.mp4"])
    (expected,) = shown_by_ffmpeg(path, size, (0.51,), before=filters, left="420")
    found = ours(path, fit)[0]
    top = (SIDE - size[1]) // 2
    assert not found[:, :top].any()
    assert not found[:, top + size[1] :].any()
    picture = found[:, top : top + size[1]]
    assert np.abs(picture - expected)[:, 2:-2, 2:-2].mean() < 3  # its crop is of whole pixels
