"""A few files tried as a batch would do them, and timed; nothing of it is kept."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from avel.pipeline.media.cells import Segments, join
from avel.pipeline.media.regular import check_regular
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.stores import pack
from avel.pipeline.reasons import MediaError, unreadable
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device

MOST_HASHED = 64 << 20
"""Bytes of a file that are read to see how fast it comes."""
BATCHES = 3
"""Of the encoder's, that are timed, at least."""


@dataclass(frozen=True)
class Tried:
    """One file that was tried.

    Attributes:
        path: The file.
        num_bytes: Of the file.
        media_seconds: As it promises, or as there were.
        read_seconds: To hash it.
        decode_seconds: Of a processor, for all of it.
        segments: What was decoded, of its beginning where it is long.
        segments_bytes: That are kept of it; 0 where it is too long for that.
    """

    path: Path
    num_bytes: int
    media_seconds: float
    read_seconds: float
    decode_seconds: float
    segments: Segments = field(repr=False)
    segments_bytes: int


@dataclass(frozen=True)
class Speed:
    """What encoding takes for a second of media.

    Attributes:
        load_seconds: Until the encoder is ready, once.
        seconds: Of the device.
        processor_seconds: Of processors.
        num_bytes: Of what is kept of features.
    """

    load_seconds: float
    seconds: float
    processor_seconds: float
    num_bytes: float


NOTHING = Speed(0.0, 0.0, 0.0, 0.0)


def spread(sizes: Sequence[int], count: int) -> list[int]:
    """Places of `count` files, from small ones to large ones, by their sizes in bytes."""
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    count = min(count, len(order))
    return [order[int((number + 0.5) * len(order) / count)] for number in range(count)]


def try_files(
    paths: Sequence[Path], plan: Plan, runtime: RuntimeConfig
) -> Iterator[Tried | MediaError]:
    """Hash and decode each file, one after the other, in a decoder that can be killed.

    Of a long one only the first `window_cells` cells are decoded.
    """
    for path in paths:
        try:
            yield _tried(path, plan, runtime)
        except MediaError as err:
            yield err
        except OSError as err:
            yield unreadable(path, err)


def _tried(path: Path, plan: Plan, runtime: RuntimeConfig) -> Tried:
    num_bytes = check_regular(path).st_size
    read_seconds = _read_seconds(path, num_bytes)
    windows, promised, seconds, whole = _decoded(path, plan, runtime)
    segments = join(windows)
    cells = len(segments.samples)
    media = float(cells) if whole else max(promised, float(cells))
    kept = sum(a.nbytes for a in pack(segments).values())
    return Tried(
        path,
        num_bytes,
        media,
        read_seconds,
        seconds * media / max(1, cells),
        segments,
        kept if whole and cells <= runtime.window_cells and runtime.keep_segments else 0,
    )


def _decoded(
    path: Path, plan: Plan, runtime: RuntimeConfig
) -> tuple[list[Segments], float, float, bool]:
    """Windows, seconds that the file promises, seconds that they took, whether they are all."""
    from avel.pipeline.media.decoder import Decoders
    from avel.pipeline.media.messages import Window
    from avel.pipeline.method.limits import decode_limits

    limits = decode_limits(runtime, plan.segment, workers=1)
    windows: list[Segments] = []
    promised, cells = 0.0, 0
    with Decoders(plan.segment, limits) as decoders:
        decoders.start(0, path)
        began = time.monotonic()
        while decoders.busy:
            for event in decoders.events():
                if not isinstance(event, Window):
                    if event.error is not None:
                        raise event.error
                    return windows, promised, event.seconds or time.monotonic() - began, True
                windows.append(event.segments)
                promised, cells = event.promised, cells + len(event.segments.samples)
                if cells > runtime.window_cells:
                    return windows, promised, time.monotonic() - began, False
    return windows, promised, time.monotonic() - began, True


def _read_seconds(path: Path, num_bytes: int) -> float:
    """Seconds to hash a file, from its first bytes."""
    began = time.monotonic()
    with path.open("rb", buffering=0) as file:
        first = file.read(MOST_HASHED)
        hashlib.sha256(first).digest()
    return (time.monotonic() - began) * num_bytes / max(1, len(first))


def encoder_speed(plan: Plan, runtime: RuntimeConfig, tried: Sequence[Tried]) -> Speed:
    """How fast the encoder is with full batches of the cells (T, ...) that were decoded.

    Raises:
        WeightsError: its weights are missing.
        MediaError: it failed on all of them.
        InputError: it gives no array that is to be kept.
    """
    from avel.pipeline.method.encode import CellBatches

    began = time.monotonic()
    encoder = plan.encoder.load(resolve_device(runtime.device))
    batches = CellBatches(encoder, runtime.batch_cells, plan.segment.sound_seconds)
    _encode(batches, [tried[0].segments], 1)  # the first batch is always slow
    load_seconds = time.monotonic() - began
    began, used = time.monotonic(), time.process_time()
    cells, found = _encode(
        batches, [each.segments for each in tried], BATCHES * runtime.batch_cells
    )
    seconds, used = time.monotonic() - began, time.process_time() - used
    made = [features for features in found if not isinstance(features, MediaError)]
    if not made:
        raise next(error for error in found if isinstance(error, MediaError))
    kept = Kept.of_recipe(plan.features)
    size = sum(array.nbytes for features in made for array in kept.pack(features).values())
    rows = sum(len(features.visual) for features in made)
    return Speed(load_seconds, seconds / cells, used / cells, size / max(1, rows))


def _encode(
    batches: Any, windows: Sequence[Segments], least: int
) -> tuple[int, list[Features | MediaError]]:
    """Windows again and again until there were so many cells; how many, and what came of them."""
    cells, found = 0, []
    for number, segments in enumerate(cycle(windows)):
        found += [features for _, features in batches.add((0, number), segments)]
        cells += len(segments.samples)
        if cells >= least:
            break
    return cells, found + [features for _, features in batches.finish()]
