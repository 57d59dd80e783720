"""Pictures and sound into one-second cells, window by window, so that memory stays bounded."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.context import cells_after, cells_before
from avel.pipeline.media.decode import decode
from avel.pipeline.media.reading import Picture, Reading, Sound
from avel.pipeline.media.scaler import Square
from avel.pipeline.media.timeline import num_cells, shot_seconds

MAX_INTERLEAVE_SECONDS = 30
"""A stream this far behind the file's position is taken to be silent or frozen there."""


def segment_video(
    path: Path,
    config: SegmentConfig,
    *,
    window_cells: int = 64,
    timeout_seconds: float = 600.0,
    skip_frames: bool = True,
    reading: Reading | None = None,
) -> Iterator[Segments]:
    """Cut one file into windows of `window_cells` cells; only the last may be shorter.

    Where more than a cell is heard for each, windows carry the sound around them and come later.
    What is learned of the file on the way stands in `reading`, if one is given.

    Raises:
        MediaError: nothing of the file can be used; carries the reason code.
        NotByTorch: torchcodec was to decode the pictures, and does not.

    Source: Tian et al., ECCV 2018, section 3.1 (one-second segments). Ours differs: the frame
    is the one on screen at each shot by its pts, not by counting frames.
    """
    reading = Reading(path) if reading is None else reading
    cells = _Cells(config, reading)
    decoded = decode(
        reading,
        frames_per_cell=config.frames_per_cell,
        square=square_of(config),
        sample_rate=config.sample_rate,
        timeout_seconds=timeout_seconds,
        skip_frames=skip_frames,
    )
    for item in decoded:
        cells.take(item)
        # One cell more than is needed: whether a last window is full is known only then.
        while cells.complete() > window_cells + cells.ahead(window_cells):
            yield cells.pop(window_cells)
    yield from _last_windows(cells, num_cells(reading.duration), window_cells)


def segment_whole(path: Path, config: SegmentConfig, **options: float) -> Segments:
    """All cells of a short file in one piece; for long ones iterate `segment_video`."""
    parts = list(segment_video(path, config, **options))  # type: ignore[arg-type]
    return join(parts)


def square_of(config: SegmentConfig) -> Square:
    """How a frame becomes the square picture; sides in pixels."""
    whole = config.short_side or config.image_size
    return Square(config.image_size, whole, config.fit, config.interpolation, config.views)


def _last_windows(cells: "_Cells", total: int, window_cells: int) -> Iterator[Segments]:
    cells.end()
    while total > cells.first_cell:
        yield cells.pop(min(window_cells, total - cells.first_cell), last=total)


class _Cells:
    """Cells being filled: pictures by shot, sound by sample, oldest first."""

    def __init__(self, config: SegmentConfig, reading: Reading) -> None:
        self._config = config
        self._reading = reading
        self.first_cell = 0
        self._pictures: list[Picture] = []
        self._sounds: list[Sound] = []
        self._past = np.zeros((0, config.sample_rate), np.int16)
        self._heard_until = 0
        self._ended = False

    def take(self, item: Picture | Sound) -> None:
        if isinstance(item, Picture):
            self._pictures.append(item)
        else:
            self._sounds.append(item)
            self._heard_until = max(self._heard_until, item.first_sample + len(item.samples))

    def end(self) -> None:
        self._ended = True

    def complete(self) -> int:
        """Cells, from the oldest, that nothing still to come can change."""
        config, position = self._config, self._reading.position
        behind = int(position) - MAX_INTERLEAVE_SECONDS
        seen = self._pictures[-1].first_shot // config.frames_per_cell if self._pictures else 0
        heard = self._heard_until // config.sample_rate
        if self._reading.video_stream is None:
            seen = heard
        if self._reading.audio_stream is None:
            heard = seen
        return max(min(seen, heard), min(max(seen, heard), behind)) - self.first_cell

    def pop(self, count: int, *, last: int | None = None) -> Segments:
        """The oldest `count` cells, whole; `last` is the video's T once it is known."""
        first, self.first_cell = self.first_cell, self.first_cell + count
        frames, visual_mask = self._frames(first, count)
        samples, audio_mask = self._samples(first, count)
        self._drop_sounds(self.first_cell)
        done = last is not None and self.first_cell >= last
        before, after = self._around(samples, first, last)
        return Segments(
            frames,
            samples,
            visual_mask,
            audio_mask,
            duration=float(self._reading.duration) if done else 0.0,
            flags=tuple(sorted(self._reading.flags)) if done else (),
            notes=tuple(self._reading.notes) if done else (),
            before=before,
            after=after,
        )

    def ahead(self, count: int) -> int:
        """Cells of sound that must be known behind the oldest `count`."""
        return cells_after(self.first_cell, count, self._config.longest_seconds)

    def _around(
        self, samples: NDArray[np.int16], first: int, last: int | None
    ) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """The sound before and behind cells (T, S) that are popped, as far as it is needed."""
        longest, count = self._config.longest_seconds, len(samples)
        if not longest:
            return self._past, self._past
        num_after = cells_after(first, count, longest)
        if last is not None:
            num_after = min(num_after, last - self.first_cell)
        num_before = cells_before(first, count, num_after, longest)
        past, after = self._past, self._samples(self.first_cell, num_after)[0]
        self._past = np.concatenate([past, samples])[-longest:]
        return past[len(past) - num_before :], after

    def _frames(self, first: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        per_cell, shape = self._config.frames_per_cell, self._config.picture_shape
        shots = np.zeros((count * per_cell, *shape), np.uint8)
        begin = first * per_cell
        for number, picture in enumerate(self._pictures):
            following = self._pictures[number + 1 : number + 2]
            stop = following[0].first_shot if following else begin + len(shots)
            shots[max(0, picture.first_shot - begin) : max(0, stop - begin)] = picture.rgb
        self._drop_pictures(begin + len(shots))
        mask = self._seen(first, count)
        return shots.reshape(count, per_cell, *shape), mask

    def _seen(self, first: int, count: int) -> NDArray[np.bool_]:
        """Whether a picture is on screen at any shot of the cells.

        Where the whole stream lies between two shots, shorter than half a second, its cell has it.
        """
        per_cell, begin = self._config.frames_per_cell, first * self._config.frames_per_cell
        num_shots, reading = count * per_cell, self._reading
        if reading.video_span is None:
            return np.zeros(count, bool)
        start, end = reading.video_span
        times = [shot_seconds(begin + shot, per_cell) for shot in range(num_shots)]
        present = np.array([start <= moment < end for moment in times], bool)
        for start_shot, stop_shot in reading.unseen:
            present[max(0, start_shot - begin) : max(0, stop_shot - begin)] = False
        reading.unseen = [lost for lost in reading.unseen if lost[1] > begin + num_shots]
        mask = np.zeros(count, bool)
        np.any(present.reshape(count, per_cell), axis=1, out=mask)
        moment = shot_seconds(max(0, ceil(start * per_cell - Fraction(1, 2))), per_cell)
        if not start <= moment < end and first <= int(start) < first + count:
            mask[int(start) - first] = True
        return mask

    def _drop_pictures(self, shot: int) -> None:
        """Forget pictures that a later one has replaced before `shot`."""
        while len(self._pictures) > 1 and self._pictures[1].first_shot <= shot:
            del self._pictures[0]

    def _samples(self, first: int, count: int) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
        rate = self._config.sample_rate
        begin, wave = first * rate, np.zeros(count * rate, np.int16)
        present = np.zeros(count, bool)
        for sound in self._sounds:
            start, stop = (
                sound.first_sample - begin,
                sound.first_sample + len(sound.samples) - begin,
            )
            low, high = max(0, start), min(len(wave), stop)
            if low < high:
                wave[low:high] = sound.samples[low - start : high - start]
                present[low // rate : (high - 1) // rate + 1] = True
        return wave.reshape(count, rate), present

    def _drop_sounds(self, cell: int) -> None:
        """Forget sounds that end before `cell`."""
        begin = cell * self._config.sample_rate
        self._sounds = [s for s in self._sounds if s.first_sample + len(s.samples) > begin]
