"""What would end a night in its first minute, found in its first second; each with its cure."""

import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.claims import LEASE_SECONDS
from avel.pipeline.work.say import warn

MOST_LOOKED = 1_000
"""Files that are looked at; of a longer list every n-th."""
MOST_BYTES_A_SECOND = 1_000_000
"""Of media: more than nearly all have, so that what a file's size tells is the least."""
LEAST_FEATURES = 1_000
"""Bytes of a second's features: fewer than any encoder's."""


@dataclass(frozen=True)
class Needs:
    """What a batch needs of the disk.

    Attributes:
        paths: Its files.
        segment: How they are cut.
        kept_cells: Longest video whose cells are kept, in cells; 0 where none are.
        planned_bytes: The least that a plan found out; 0 where there is none.
        is_done: Whether a file needs nothing, since the cache has its features.
    """

    paths: Sequence[Path]
    segment: SegmentConfig
    kept_cells: int
    planned_bytes: float = 0.0
    is_done: Callable[[Path], bool] = lambda path: False


def check(needs: Needs, cache: Path, *, now: Callable[[], float] = time.time) -> None:
    """Refuse what cannot come to anything; warn of clocks that do not agree.

    Args:
        needs: What is to be done.
        cache: Its folder.
        now: Seconds since 1970 by this machine.

    Raises:
        InputError: not one file can be read.
        EnvironmentProblem: the cache cannot be written, or has no room for even the least.
    """
    sizes = _sizes(needs.paths, needs.is_done)
    apart = _written(cache) - now()
    if abs(apart) > LEASE_SECONDS:
        where = "ahead of" if apart > 0 else "behind"
        warn(
            f"{cache}: its clock is {abs(apart):.0f} s {where} this machine's; "
            "claims do not mind, but times in reports will not agree: set the clocks "
            "by NTP"
        )
    least = max(needs.planned_bytes, least_bytes(needs, sizes))
    free = shutil.disk_usage(cache).free
    if free < least:
        raise EnvironmentProblem(
            f"{cache}: {free / 1e9:.1f} GB are free and at least {least / 1e9:.1f} GB are needed; "
            "free the disk, name another cache with --cache-dir, or keep no pictures with "
            "--no-segments (`avel plan` says how much)"
        )


def least_bytes(needs: Needs, sizes: Sequence[int]) -> float:
    """Bytes that are needed at the least, from the sizes of some files; 0 of what is done.

    It is far too low for most files, as a batch that would have fitted must not be refused.
    """
    cut = needs.segment
    cell = cut.frames_per_cell * math.prod(cut.picture_shape) + 2 * cut.sample_rate
    total = 0.0
    for size in sizes:
        seconds = size / MOST_BYTES_A_SECOND
        total += seconds * LEAST_FEATURES + (seconds * cell if seconds <= needs.kept_cells else 0)
    return total * len(needs.paths) / max(1, len(sizes))


def _sizes(paths: Sequence[Path], is_done: Callable[[Path], bool]) -> list[int]:
    """Bytes of those that can be read, of some of the files; 0 of what is done.

    Raises:
        InputError: none can.
    """
    step = max(1, len(paths) // MOST_LOOKED)
    readable = ((path, size) for path in paths[::step] if (size := _size(path)) is not None)
    sizes = [0 if is_done(path) else size for path, size in readable]
    if not sizes and paths and all(_size(path) is None for path in paths):
        raise InputError(
            f"{paths[0]}: cannot be read, nor can any other of {len(paths)} files; check the "
            "paths, their rights, and that the disk is mounted"
        )
    return sizes


def _size(path: Path) -> int | None:
    """Bytes of a file that can be read."""
    try:
        return path.stat().st_size if os.access(path, os.R_OK) else None
    except OSError:
        return None


def _written(cache: Path) -> float:
    """When the cache's file system says that a file was written now, in seconds since 1970.

    Raises:
        EnvironmentProblem: none can be.
    """
    probe = cache / f".{uuid.uuid4().hex}.part"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(b"avel")
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)
    except OSError as err:
        raise EnvironmentProblem(
            f"{cache}: cannot be written ({err.strerror}); free the disk, change the folder's "
            "rights, or name another cache with --cache-dir"
        ) from err
