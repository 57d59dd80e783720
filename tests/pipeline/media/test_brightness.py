"""High dynamic range: the curves by their standards' tables and inverses, pictures by zscale."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media import brightness
from avel.pipeline.media.brightness import _bent, _light, _pq, as_ordinary, is_hdr
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.reasons import Reason
from tests.programs import shown_by_ffmpeg

PQ, HLG = 16, 18


def frame_of(transfer: int, primaries: int = 9) -> Any:
    frame = av.VideoFrame(16, 16, "yuv420p10le")
    frame.color_trc, frame.color_primaries = transfer, primaries
    return frame


def signal(light: list[float]) -> np.ndarray:
    """Numbers (1, 1, 3) of 16 bits, by PQ, of light in cd/m2."""
    return np.rint(65535 * _pq(np.array(light, np.float32))).astype(np.uint16)[None, None]


def ordinary(light: list[float], primaries: int = 9) -> list[int]:
    return as_ordinary(signal(light), frame_of(PQ, primaries))[0, 0].tolist()


@pytest.mark.parametrize("transfer", range(19))
def test_two_transfers_are_hdr(transfer: int) -> None:
    assert is_hdr(frame_of(transfer)) == (transfer in (PQ, HLG))


# The curves.


@pytest.mark.parametrize(
    ("number", "light"),
    [(0.0, 0.0), (0.508078, 100), (0.580689, 203), (0.751827, 1000), (1.0, 10_000)],
)
def test_pq_is_smpte_2084s(number: float, light: float) -> None:
    """Levels of ITU-R BT.2408, table 1, and of BT.2390."""
    assert float(_light(False)[round(number * 65535)]) == pytest.approx(light, rel=1e-3, abs=1e-4)
    assert float(_pq(np.array([light], np.float32))[0]) == pytest.approx(number, abs=1e-5)


@pytest.mark.parametrize(
    ("number", "light"), [(0.0, 0.0), (0.5, 1 / 12), (0.75, 0.26496), (1.0, 1.0)]
)
def test_hlg_is_arib_b67s(number: float, light: float) -> None:
    assert float(_light(True)[round(number * 65535)]) == pytest.approx(light, abs=2e-5)


@given(st.floats(0, 88))
def test_dark_light_stays(light: float) -> None:
    assert float(_bent(np.array([light], np.float32))[0]) == pytest.approx(
        light, rel=2e-3, abs=1e-4
    )


def test_bright_light_is_bent_without_a_step() -> None:
    light = np.geomspace(1, 10_000, 400).astype(np.float32)
    bent = _bent(light)
    steps = [(b / a, d / c) for (a, b), (c, d) in zip(pairwise(light), pairwise(bent), strict=True)]
    assert all(1 - 1e-5 <= out <= into * 1.005 for into, out in steps)
    assert float(_bent(np.array([1000], np.float32))[0]) == pytest.approx(203, rel=1e-3)
    assert bent.max() == pytest.approx(203, rel=1e-3)


# Whole colours.


@pytest.mark.parametrize("nits", [0, 0.5, 5, 20, 50, 85])
def test_greys_of_an_ordinary_brightness_are_those_of_bt1886(nits: float) -> None:
    expected = round(255 * (nits / 203) ** (1 / 2.4))
    assert ordinary([nits] * 3) == pytest.approx([expected] * 3, abs=1)


def test_the_brightest_is_white_and_never_more() -> None:
    assert ordinary([1000] * 3) == ordinary([10_000] * 3) == [255] * 3
    assert 215 < ordinary([203] * 3)[0] < 240


def test_hues_stay_where_light_is_bent() -> None:
    """Linear shares of the three colours are those of the light, however bright."""
    for scale in (1, 5, 20, 45):
        r, g, b = (
            (value / 255) ** 2.4 for value in ordinary([20.0 * scale, 10 * scale, 5 * scale], 1)
        )
        assert (g / r, b / r) == pytest.approx((0.5, 0.25), rel=0.03)


def test_red_of_the_wide_gamut_is_red_and_cut_off() -> None:
    """BT.2020's own red lies outside of BT.709; red of BT.709 by BT.2020's numbers is exact."""
    assert ordinary([80, 0, 0])[1:] == [0, 0]
    inverse = np.linalg.inv(brightness.TO_BT709.astype(float))
    mixed = (inverse @ [80, 0, 0]).tolist()
    assert ordinary(mixed) == pytest.approx([round(255 * (80 / 203) ** (1 / 2.4)), 0, 0], abs=8)
    assert ordinary([80, 0, 0], primaries=1) == [*ordinary(mixed)[:1], 0, 0]


@pytest.mark.parametrize(("number", "nits"), [(0.5, 50.6), (0.38, 26.2), (0.2, 5.6)])
def test_hlg_greys_are_lit_as_on_a_screen_of_1000(number: float, nits: float) -> None:
    """The scene's light to the power of 1.2: 1000 (E**2 / 3)**1.2, below a half."""
    assert nits == pytest.approx(1000 * (number**2 / 3) ** 1.2, rel=0.01)
    rgb = np.full((1, 1, 3), round(65535 * number), np.uint16)
    expected = round(255 * (nits / 203) ** (1 / 2.4))
    assert as_ordinary(rgb, frame_of(HLG))[0, 0].tolist() == pytest.approx([expected] * 3, abs=1)


@given(st.lists(st.integers(0, 65535), min_size=3, max_size=3), st.sampled_from([PQ, HLG]))
def test_any_numbers_give_a_picture(numbers: list[int], transfer: int) -> None:
    rgb = np.array(numbers, np.uint16)[None, None]
    with np.errstate(all="raise", under="ignore"):
        found = as_ordinary(rgb, frame_of(transfer))
    assert (found.shape, found.dtype) == ((1, 1, 3), np.uint8)


# Files.


def hdr_film(path: Path, transfer: int, levels: np.ndarray) -> Path:
    """Lossless 10-bit HEVC-like film: grey columns of numbers in [0, 1]."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 8 * len(levels), 32, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, transfer, 9
        context.color_range = 1
        for number in range(5):
            frame = av.VideoFrame(8 * len(levels), 32, "yuv420p10le")
            luma = np.repeat(np.rint(64 + 876 * levels).astype(np.uint16), 8)
            for plane, row in zip(frame.planes, (luma, 512, 512), strict=True):
                values = np.asarray(memoryview(plane)).view(np.uint16)  # type: ignore[call-overload]
                values.reshape(plane.height, -1)[:, : plane.width] = row
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.45, 0.48])


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_file_is_brought_down_and_says_so(tmp_path: Path, transfer: int) -> None:
    path = hdr_film(tmp_path / "v.mkv", transfer, LEVELS)
    segments = segment_whole(path, SegmentConfig(1, 48, fit="squash", interpolation="bilinear"))
    assert Reason.HDR in segments.flags
    columns = segments.frames[0, 0][:, 24, 4::8].T
    numbers = np.rint(65535 * LEVELS).astype(np.uint16)[None, :, None].repeat(3, 2)
    np.testing.assert_allclose(columns, as_ordinary(numbers, frame_of(transfer))[0], atol=2)


def test_dark_parts_are_those_of_zscale(tmp_path: Path) -> None:
    """Below the bend nothing is a matter of taste: linear light, white at 203 cd/m2, gamma 2.4."""
    path = hdr_film(tmp_path / "v.mkv", PQ, LEVELS)
    linear = "zscale=transfer=linear:npl=203:primaries=bt709,format=gbrpf32le"
    back = "zscale=transfer=bt709:matrix=bt709:range=limited,format=yuv444p"
    (expected,) = shown_by_ffmpeg(path, (48, 32), (0.1,), before=f"{linear},{back}")
    found = segment_whole(path, SegmentConfig(1, 48, fit="squash", interpolation="bilinear"))
    ours, theirs = found.frames[0, 0][:, 24, 4::8], expected[:, 16, 4::8]
    np.testing.assert_allclose(ours.astype(int), theirs, atol=4)


def test_an_ordinary_file_says_nothing(tmp_path: Path) -> None:
    path = hdr_film(tmp_path / "v.mkv", 1, LEVELS)
    segments = segment_whole(path, SegmentConfig(1, 48, fit="squash"))
    assert Reason.HDR not in segments.flags
    np.testing.assert_allclose(segments.frames[0, 0][1, 24, 4::8], np.rint(255 * LEVELS), atol=2)
