"""Whether pictures can be decoded on a GPU here: tried, not guessed."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.decoder import decode_windows
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.writer import Mp4, Mp4Writer
from avel.pipeline.reasons import EnvironmentProblem, MediaError

SIDE, RATE = 256, 10
"""Of the trial's picture, in pixels (NVIDIA's chips take none that are much smaller), and frames a
second."""
TRIAL = SegmentConfig(image_size=32, sample_rate=8_000, torchcodec=True)
REMEDY = "pip install 'avel[gpu]', and FFmpeg's shared libraries (Debian: apt install ffmpeg)"


def why_not(device: str) -> str:
    """Why torchcodec cannot decode on a device here, with the remedy; empty where it can.

    A second of film is decoded on it, by a child as any video.

    Args:
        device: Any torch device: `cuda:1`, or `cpu` for torchcodec's own.
    """
    if find_spec("torchcodec") is None:
        return f"torchcodec is not installed; {REMEDY}"
    if device.startswith("cuda") and (why := _no_gpu()):
        return why
    with tempfile.TemporaryDirectory() as folder:
        film = _film(Path(folder) / "trial.mp4")
        try:
            (window,) = decode_windows(film, TRIAL, DecodeLimits(device=device))
        except (MediaError, EnvironmentProblem) as err:
            return f"its child ended: {str(err).replace(str(film), 'the trial')}"
    said = "; ".join(window.notes).removesuffix("; FFmpeg did")
    return f"{said}; {REMEDY}" if said else ""


def _no_gpu() -> str:
    import torch  # slow to import

    if torch.cuda.is_available():
        return ""
    return "PyTorch sees no NVIDIA GPU; see `avel doctor`"


def _film(path: Path) -> Path:
    """A second of pictures that move, H.264 in MP4."""
    shape = Mp4(SIDE, SIDE, RATE, None, {"preset": "ultrafast"})
    ramp = np.arange(SIDE, dtype=np.uint8)
    still = np.stack([np.broadcast_to(ramp, (SIDE, SIDE)), *[ramp[:, None].repeat(SIDE, 1)] * 2], 2)
    with Mp4Writer(path, shape) as film:
        film.cell([np.roll(still, 8 * n, 1) for n in range(RATE)], np.zeros(0, np.int16))
    return path
