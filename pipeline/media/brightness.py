"""Pictures of high dynamic range (HDR) as an ordinary screen shows them."""

from functools import cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

PEAK, WHITE = 1000.0, 203.0
"""Of the master and of the ordinary screen, in cd/m2 (ITU-R BT.2408: white of graphics at 203)."""
GAMMA = 2.4
"""Of the ordinary screen: ITU-R BT.1886."""
HLG_GAMMA = 1.2
LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
"""Linear BT.2020 to linear BT.709: ITU-R BT.2087."""
M1, M2 = 2610 / 16384, 2523 / 32
C1, C2, C3 = 3424 / 4096, 2413 / 128, 2392 / 128
SIDE = 65
"""Of a table of colours: on average less than 1 of 255 lies between it and the curves."""
A, B, C = 0.17883277, 0.28466892, 0.55991073


def is_hdr(frame: VideoFrame) -> bool:
    """Whether a frame's numbers are light by PQ or HLG."""
    return frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)


def as_ordinary(rgb: NDArray[np.uint16], frame: VideoFrame) -> NDArray[np.uint8]:
    """Numbers (H, W, 3) of full 16-bit range by PQ or HLG to those of an ordinary picture.

    Below 88 cd/m2 light stays as it is; above, the brightest of the three colours is bent, up to
    1000 cd/m2 which become the white of 203, and the others follow it, so that hues stay.

    Source: ITU-R BT.2100 (PQ and HLG), BT.2390 5.4.1 (the bend). Ours differs: the master's peak is
    taken as 1000 cd/m2 whatever the file says of it.
    """
    hlg = frame.color_trc == ColorTrc.ARIB_STD_B67
    shown = ordinary(rgb, hlg=hlg, wide=frame.color_primaries != ColorPrimaries.BT709)
    return np.asarray(np.rint(255 * shown), np.uint8)


def ordinary(rgb: NDArray[np.uint16], *, hlg: bool, wide: bool) -> NDArray[np.float32]:
    """The same in [0, 1], by HLG or PQ, of the wide primaries of BT.2020 or of BT.709's."""
    light = _light(hlg)[rgb]
    if hlg:  # BT.2100's OOTF: light of the scene to light of the screen
        light *= PEAK * np.maximum(light @ LUMINANCE, 1e-6)[..., None] ** (HLG_GAMMA - 1)
    brightest = light.max(-1, keepdims=True)
    light *= _bent(brightest) / np.maximum(brightest, 1e-6)
    if wide:
        light = light @ TO_BT709.T
    return np.asarray(np.clip(light / WHITE, 0, 1) ** (1 / GAMMA), np.float32)


@cache
def _light(hlg: bool) -> NDArray[np.float32]:
    """Light by number (65536,): of the screen in cd/m2 by PQ, of the scene in [0, 1] by HLG."""
    signal = np.arange(65536) / 65535
    if hlg:
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12)
    else:
        root = signal ** (1 / M2)
        light = 10_000 * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)
    return np.asarray(light, np.float32)


def _pq(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Numbers in [0, 1] by PQ of light in cd/m2."""
    power = (light / 10_000) ** M1
    return np.asarray(((C1 + C2 * power) / (1 + C3 * power)) ** M2, np.float32)


def _bent(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light in [0, 203] cd/m2 of light in [0, 1000]: straight at first, then a Hermite spline."""
    peak, white = _pq(np.array([PEAK, WHITE], np.float32)).tolist()
    top = white / peak
    knee = 1.5 * top - 0.5
    e = np.minimum(_pq(light) / peak, 1)
    t = np.maximum(e - knee, 0) / (1 - knee)
    bend = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * top
    )
    root = (np.where(e < knee, e, bend) * peak) ** (1 / M2)
    bent = 10_000 * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)
    return np.asarray(bent, np.float32)


@cache
def cube(*, hlg: bool, wide: bool) -> str:
    """`ordinary` as a table of colours (.cube), for what is too slow pixel by pixel."""
    levels = np.rint(np.linspace(0, 65535, SIDE)).astype(np.uint16)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    colours = ordinary(np.stack([red, green, blue], -1), hlg=hlg, wide=wide).reshape(-1, 3)
    rows = "\n".join("{:.5f} {:.5f} {:.5f}".format(*colour) for colour in colours.tolist())
    return f"LUT_3D_SIZE {SIDE}\n{rows}\n"
