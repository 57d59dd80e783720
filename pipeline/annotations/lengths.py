"""How long a film is, asked of a process apart, which may die of the film without us."""

from pathlib import Path

from avel.pipeline.media.apart import Apart, probed
from avel.pipeline.media.footage import Footage
from avel.pipeline.reasons import InputError, MediaError


def footage_of(apart: Apart, path: Path) -> Footage:
    """How a film's picture runs, and how long it is, in seconds.

    Raises:
        InputError: it cannot be read, has no picture, or does not say how long it is.
    """
    try:
        footage = probed(apart, path)
    except MediaError as err:
        raise InputError(
            f"{path}: cannot be read ({err.message}); its annotations are left out"
        ) from err
    if footage.frame_rate <= 0:
        raise InputError(
            f"{path}: has no picture, and an event must be both heard and seen; its annotations "
            "are left out"
        )
    if footage.duration <= 0:
        raise InputError(
            f"{path}: does not say how long it is; put it into a container that does "
            "(`ffmpeg -i IN -c copy OUT.mp4`)"
        )
    return footage
