"""Matrices and ranges, by the equations that define them."""

from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from avel.pipeline.media.colours import convert, is_limited_grey, matrix_of, range_of, to_rgb

COLOURS = [
    (230, 25, 25),
    (25, 230, 25),
    (25, 25, 230),
    (230, 230, 25),
    (130, 130, 130),
    (240, 240, 240),
]
KR_KB = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Shares of red and blue in luma, by ISO/IEC 23091-2's number of the matrix."""
FORMS = {"yuv420p": 8, "yuv444p": 8, "yuv420p10le": 10, "yuv422p12le": 12}


def stored(rgb: tuple[int, ...], matrix: int, full: bool, bits: int) -> list[int]:
    """Y, Cb and Cr of a colour, as ITU-R BT.709 and BT.2020 write it for their shares."""
    kr, kb = KR_KB[matrix]
    r, g, b = (value / 255 for value in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    chroma = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    if full:
        most = 2**bits - 1
        return [round(y * most), *(round(c * most + 2 ** (bits - 1)) for c in chroma)]
    step = 2 ** (bits - 8)
    return [round((16 + 219 * y) * step), *(round((128 + 224 * c) * step) for c in chroma)]


def plain(form: str, values: list[int], size: tuple[int, int] = (64, 48), **said: int) -> Any:
    """A frame of one colour, each plane of one value, that says of itself what is given."""
    frame = av.VideoFrame(*size, form)
    wide = FORMS.get(form, 16 if "16" in form or "10" in form else 8) > 8
    for plane, value in zip(frame.planes, values, strict=True):
        numbers = np.asarray(memoryview(plane))  # type: ignore[call-overload]
        (numbers.view(np.uint16) if wide else numbers)[:] = value
    for name, value in said.items():
        setattr(frame, name, value)
    return frame


def shown(frame: Any) -> np.ndarray:
    """The one colour (3,) that a frame is shown in."""
    rgb = to_rgb(frame, VideoReformatter(), (32, 32), Interpolation.BICUBIC)
    assert (rgb.shape, rgb.dtype) == ((32, 32, 3), np.uint8)
    assert np.ptp(rgb.reshape(-1, 3), axis=0).max() <= 1
    return rgb[16, 16].astype(int)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", KR_KB)
@pytest.mark.parametrize("form", FORMS)
def test_a_colour_is_itself_in_every_matrix_and_range(form: str, matrix: int, full: bool) -> None:
    said = {"colorspace": matrix, "color_range": 2 if full else 1}
    for colour in COLOURS:
        frame = plain(form, stored(colour, matrix, full, FORMS[form]), **said)
        np.testing.assert_allclose(shown(frame), colour, atol=3)


@pytest.mark.parametrize(
    ("size", "matrix"),
    [
        ((640, 360), 6),
        ((720, 576), 6),
        ((1024, 576), 6),
        ((1280, 544), 1),
        ((1280, 720), 1),
        ((720, 1280), 1),
        ((960, 720), 1),
    ],
)
def test_what_does_not_say_is_hd_by_its_size(size: tuple[int, int], matrix: int) -> None:
    for colour in COLOURS:
        frame = plain("yuv420p", stored(colour, matrix, False, 8), size)
        np.testing.assert_allclose(shown(frame), colour, atol=3)


@pytest.mark.parametrize("said", range(18))
def test_no_matrix_is_refused(said: int) -> None:
    """Grey is grey by all of them; libswscale itself knows seven, and refuses the frame else."""
    frame = plain("yuv420p", [128, 128, 128], colorspace=said, color_range=1)
    np.testing.assert_allclose(shown(frame), [130] * 3, atol=1)
    assert (frame.colorspace, frame.color_range) == (said, 1)


@pytest.mark.parametrize(
    ("said", "primaries", "size", "expected"),
    [
        (2, 2, (640, 360), None),
        (2, 9, (1920, 1080), Colorspace.ITU709),
        (1, 9, (1920, 1080), None),
        (10, 9, (640, 360), Colorspace.BT2020),
        (14, 9, (640, 360), Colorspace.BT2020),
        (12, 1, (640, 360), Colorspace.ITU601),
        (12, 1, (1920, 1080), Colorspace.ITU709),
        (3, 2, (640, 360), Colorspace.ITU601),
        (8, 2, (1920, 1080), Colorspace.ITU709),
    ],
)
def test_the_matrix_by_what_is_said(
    said: int, primaries: int, size: tuple[int, int], expected: Colorspace | None
) -> None:
    frame = plain("yuv420p", [16, 128, 128], size, colorspace=said, color_primaries=primaries)
    assert matrix_of(frame) == expected


@pytest.mark.parametrize("form", ["rgb24", "gbrp", "pal8", "bgra"])
def test_what_is_rgb_has_no_matrix(form: str) -> None:
    assert matrix_of(av.VideoFrame(1920, 1080, form)) is None


def test_large_rgb_is_not_tinted() -> None:
    rgb = np.full((720, 1280, 3), (200, 30, 90), np.uint8)
    np.testing.assert_allclose(
        shown(av.VideoFrame.from_ndarray(rgb, "rgb24")), (200, 30, 90), atol=1
    )


@pytest.mark.parametrize("form", ["gray", "gray10le", "gray16le"])
@pytest.mark.parametrize(("said", "black", "white"), [(0, 0, 255), (1, 16, 235), (2, 0, 255)])
def test_grey_has_a_range_too(form: str, said: int, black: int, white: int) -> None:
    """AV1 and HEVC films without colour are of limited range, which libswscale does not read."""
    step = {"gray": 1, "gray10le": 4, "gray16le": 257 if said != 1 else 256}[form]
    for value, expected in ((black, 0), ((black + white) // 2, 127), (white, 255)):
        frame = plain(form, [value * step], color_range=said)
        assert is_limited_grey(frame) == (said == 1)
        np.testing.assert_allclose(shown(frame), [expected] * 3, atol=2)


@pytest.mark.parametrize(
    ("form", "said", "expected"),
    [
        ("yuvj420p", ColorRange.UNSPECIFIED, ColorRange.JPEG),
        ("yuvj444p", ColorRange.MPEG, ColorRange.JPEG),
        ("yuv420p", ColorRange.JPEG, ColorRange.JPEG),
        ("yuv420p", ColorRange.MPEG, ColorRange.MPEG),
        ("rgb24", ColorRange.UNSPECIFIED, ColorRange.UNSPECIFIED),
    ],
)
def test_the_range_is_the_frames_or_its_formats(
    form: str, said: ColorRange, expected: ColorRange
) -> None:
    frame = av.VideoFrame(16, 16, form)
    frame.color_range = said
    assert range_of(frame) == expected


def test_sixteen_bits_are_kept_where_they_are_asked_for() -> None:
    frame = plain("yuv420p10le", stored((255, 255, 255), 1, False, 10), colorspace=1, color_range=1)
    rgb = convert(frame, VideoReformatter(), (8, 4), "rgb48le", Interpolation.BICUBIC)
    assert (rgb.shape, rgb.dtype) == ((4, 8, 3), np.uint16)
    assert rgb.min() > 65_200  # and no repeated byte of 8 bits
