"""torchcodec as the decoder of one file's pictures, on a GPU or a CPU; loads torch when it is used.

It is asked for single frames by their time, decodes what lies between, and converts each to RGB of
the stored size. Scaling to the encoder's picture happens where the frame is.
"""

import os
import tempfile
import weakref
from fractions import Fraction
from importlib import import_module
from io import FileIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.resize import weights

if TYPE_CHECKING:
    from torch import Tensor

RED_BLUE = {"601": (0.299, 0.114), "709": (0.2126, 0.0722)}
"""Shares of red and of blue in a pixel's brightness, by ITU-R BT."""


class NotByTorch(Exception):
    """torchcodec does not decode this file, or not as it should; libav does.

    Attributes:
        tried: Whether it was tried: what it is not made for is nothing to speak of.
    """

    def __init__(self, why: str, *, tried: bool = True) -> None:
        super().__init__(why)
        self.tried = tried


class TorchFrames:
    """Frames of one video stream by their pts.

    Args:
        file: Its bytes; nothing else is opened.
        stream: Number of the stream in the file.
        device: Any torch device that torchcodec decodes on, `cuda` or `cpu`.

    Raises:
        NotByTorch: it is not installed, or cannot open the stream.
    """

    def __init__(self, file: FileIO, stream: int, device: str) -> None:
        weakref.finalize(self, file.close)
        # or torch's import looks for a folder to write to, and a child may write nowhere
        tempfile.tempdir = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")
        try:
            decoders: Any = import_module("torchcodec.decoders")  # loads torch
            self._decoder = decoders.VideoDecoder(file, stream_index=stream, device=device)
        except Exception as err:
            raise NotByTorch(_in_a_line(err)) from err
        self._on_gpu = device.startswith("cuda")

    def at(self, pts: int, time_base: Fraction) -> "Tensor":
        """RGB uint8 (3, H, W), on the device, of the frame that begins at `pts`.

        Raises:
            NotByTorch: there is none, or none that can be decoded on the GPU.
        """
        try:
            frames = self._shown(float((pts + Fraction(1, 2)) * time_base))
            shown = float(frames.pts_seconds[0])
        except Exception as err:
            raise NotByTorch(_in_a_line(err)) from err
        if abs(Fraction(shown) / time_base - pts) > Fraction(1, 2):
            raise NotByTorch(
                f"it shows the frame of {shown:.3f} s at {float(pts * time_base):.3f} s"
            )
        if self._on_gpu and self._decoder.cpu_fallback:
            raise NotByTorch(str(self._decoder.cpu_fallback))
        picture: Tensor = frames.data[0]
        return picture

    def _shown(self, moment: float) -> Any:
        """What is on screen at a second, by the index of all frames.

        Asked for one frame alone, torchcodec goes by durations, which not all packets have, and
        shows the next; and the last frame may have none, so that it is on screen at no moment.
        """
        decoder = self._decoder
        if moment >= decoder.metadata.end_stream_seconds:
            return decoder.get_frames_at([len(decoder) - 1])
        return decoder.get_frames_played_at([moment])


def scaled(
    picture: "Tensor", sides: tuple[int, int], interpolation: str, turn: NDArray[np.float32] | None
) -> NDArray[np.uint8]:
    """RGB uint8 (3, H, W) on any device to (H', W', 3) on the CPU, at a width and height.

    Args:
        picture: To be scaled.
        sides: Width and height in pixels.
        interpolation: `bicubic` or `bilinear`.
        turn: What its colours (3,) are multiplied with, of (3, 3); None for nothing.
    """
    import torch

    H, W = picture.shape[1:]
    down, across = (
        torch.from_numpy(weights(before, after, interpolation)).to(picture.device)
        for before, after in ((H, sides[1]), (W, sides[0]))
    )
    found = down @ picture.float() @ across.T
    if turn is not None:
        found = torch.einsum("ij,jhw->ihw", torch.from_numpy(turn).to(picture.device), found)
    rounded = found.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
    pixels: NDArray[np.uint8] = rounded.cpu().numpy()
    return pixels


def turned(read: str, meant: str) -> NDArray[np.float32]:
    """What makes RGB (3,) that was read by one matrix of `RED_BLUE` that of another: (3, 3)."""
    return np.asarray(_to_rgb(meant) @ np.linalg.inv(_to_rgb(read)), np.float32)


def _to_rgb(name: str) -> NDArray[np.float64]:
    """Brightness and both differences of colour, in [-0.5, 0.5], to RGB."""
    red, blue = RED_BLUE[name]
    green = 1 - red - blue
    return np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
            [1, 2 * (1 - blue), 0],
        ]
    )


def _in_a_line(err: Exception) -> str:
    return f"{type(err).__name__}: {' '.join(str(err).split())[:160]}"
