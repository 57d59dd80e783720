"""A quick look at a file, and a small copy of it, as a process apart has them.

Pictures and sound come through a file that both can reach; what is said of them is not believed.
"""

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.footage import Kind
from avel.pipeline.reasons import MediaError, Reason

MICROSECONDS = 1_000_000
NAMES = ("container", "video", "pixels", "audio")
PIECE = 1 << 20
"""Samples that are handed on at once."""


def kind_of(apart: Apart, path: Path) -> Kind:
    """What a file is; of its pictures one is decoded.

    Raises:
        MediaError: it cannot be opened.
    """
    said = apart.ask("kind", path)
    try:
        return Kind(**{name: str(said[name]) for name in NAMES}, shape=float(said["shape"]))
    except (KeyError, TypeError, ValueError) as err:
        raise _nonsense(path) from err


def pictures(apart: Apart, path: Path, at: Sequence[float], height: int) -> NDArray[np.uint8]:
    """RGB (N, height, W, 3) of what is shown at some seconds, in their order; fewer where it ends.

    Raises:
        MediaError: the file cannot be opened.
    """
    times = [round(MICROSECONDS * seconds) for seconds in at]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pictures"
        said = apart.ask("pictures", path, target=os.fspath(file), at=times, height=height)
        return np.array(_array(path, file, said.get("shape"), 4, np.uint8))


@contextmanager
def sound(apart: Apart, path: Path, rate: int) -> Iterator[Iterator[NDArray[np.int16]]]:
    """Mono samples (S,) of a file's first sound, piece by piece; nothing where there is none.

    Raises:
        MediaError: the file cannot be opened.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound"
        said = apart.ask("sound", path, target=os.fspath(file), rate=rate)
        samples = _array(path, file, said.get("shape"), 1, np.int16)
        yield (samples[at : at + PIECE] for at in range(0, len(samples), PIECE))


def write_proxy(apart: Apart, path: Path, out: Path) -> None:
    """Write a small copy that every browser plays, whole or not at all.

    Raises:
        MediaError: the film cannot be opened or read.
        OSError: the copy cannot be written.
    """
    said = apart.ask("proxy", path, target=os.fspath(out))
    if "unwritable" in said:
        raise OSError(said["unwritable"], os.strerror(int(said["unwritable"])))


def _array(path: Path, file: Path, shape: Any, sides: int, kind: Any) -> NDArray[Any]:
    """The numbers in a file, which is as long as they say it is."""
    whole = isinstance(shape, list) and all(type(side) is int and side >= 0 for side in shape)
    if not whole or len(shape) != sides:
        raise _nonsense(path)
    if not math.prod(shape):
        return np.zeros(shape, kind)
    if file.stat().st_size != math.prod(shape) * np.dtype(kind).itemsize:
        raise _nonsense(path)
    return np.memmap(file, kind, "r", shape=tuple(shape))


def _nonsense(path: Path) -> MediaError:
    return MediaError(Reason.DECODE_ERROR, f"{path}: the process that read it made no sense of it")
