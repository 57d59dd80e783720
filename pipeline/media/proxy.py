"""A small copy of a film that every browser plays: H.264 and AAC in an MP4."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av.error

from avel.cache.whole import replacing
from avel.pipeline.media.cut import copy_whole
from avel.pipeline.media.encoder import SMALL
from avel.pipeline.reasons import MediaError, Reason


def proxy(path: Path, target: str, beat: Callable[[int], object]) -> dict[str, Any]:
    """Write the copy; `unwritable` is the number of the system's error where it cannot be."""
    try:
        write_proxy(path, Path(target), beat)
    except OSError as err:
        return {"unwritable": err.errno or 0}
    return {}


def write_proxy(path: Path, out: Path, beat: Callable[[int], object] = lambda _: None) -> None:
    """Write the copy, whole or not at all; times in seconds are those of the results.

    Args:
        path: The film.
        out: The copy.
        beat: Told which second is done.

    Raises:
        MediaError: the film cannot be opened or read.
    """
    try:
        with replacing(out, durable=False) as part:
            if not copy_whole(path, part, beat, SMALL):
                raise MediaError(Reason.EMPTY, f"{path}: nothing in it can be decoded")
    except av.error.FFmpegError as err:
        raise MediaError(Reason.DECODE_ERROR, f"{path}: {err.strerror or err}") from err
