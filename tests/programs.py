"""Programs that tests compare with, where they are installed."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

SAME_KERNEL = "flags=bicubic+accurate_rnd+full_chroma_int"
LEFT = {"420": ":in_h_chr_pos=0:in_v_chr_pos=128", "422": ":in_h_chr_pos=0", "": ""}
"""Where the samples of colour lie in frames that say `left`, as MPEG-2, MPEG-4 and H.264 do: libav 8
follows what a frame says, and programs before it have to be told."""


def ffmpeg(arguments: Sequence[str | Path]) -> bytes:
    """What the ffmpeg program writes; the test is skipped where it is not installed."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("the ffmpeg program is not installed")
    done = subprocess.run(
        [program, "-v", "error", "-nostdin", *map(str, arguments)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def shown_by_ffmpeg(
    path: Path,
    size: tuple[int, int],
    moments: Sequence[float] = (0.5,),
    *,
    before: str = "null",
    options: Sequence[str] = (),
    left: str = "",
) -> np.ndarray:
    """RGB uint8 (N, 3, H, W) of the frames on screen at moments, in seconds of the file's own clock.

    Args:
        path: The video.
        size: Width and height to which each picture is squeezed.
        moments: Ascending.
        before: A filter before the scaling.
        options: Of the input.
        left: Subsampling of frames whose colour is sampled on the left; a key of `LEFT`.
    """
    # a frame that is followed by one after the moment, which is what is on screen then
    rate = f"fps=fps=1000:round=up:start_time=0,select='{_any(moments)}'"
    scaled = f"{rate},{before},scale={size[0]}:{size[1]}:{SAME_KERNEL}{LEFT[left]}"
    command = [*options, "-i", path, "-vf", scaled, "-fps_mode", "passthrough"]
    data = ffmpeg([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return np.frombuffer(data, np.uint8).reshape(-1, size[1], size[0], 3).transpose(0, 3, 1, 2)


def _any(moments: Sequence[float]) -> str:
    return "+".join(f"eq(n\\,{round(1000 * moment)})" for moment in moments)
