"""Sound as lanes: its envelope, and its mel spectrogram, in memory that does not grow with it."""

from collections.abc import Iterable
from functools import cache
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

MOST_PEAKS = 60_000
PEAKS = 100
"""Of the envelope in each second of a short film."""
MOST_COLUMNS = 16_384
COLUMNS = 50
"""Of the spectrogram in each second of a short film."""
BANDS = 48
WINDOW = 0.032
"""Seconds that one column hears."""
LOWEST_HZ, HIGHEST_HZ = 60.0, 8_000.0
RANGE_DB = 70.0
"""From the loudest column down to black."""

Bytes = NDArray[np.uint8]


class SoundLanes:
    """Takes samples in any pieces.

    Args:
        rate: Samples in a second.
        duration: Seconds that the lanes cover.
    """

    def __init__(self, rate: int, duration: float) -> None:
        self._rate, self._total = rate, max(1, round(duration * rate))
        self._peaks = np.zeros(min(MOST_PEAKS, max(1, round(duration * PEAKS))), np.int32)
        self._columns = min(MOST_COLUMNS, max(1, round(duration * COLUMNS)))
        self._power = np.full((BANDS, self._columns), 1e-10, np.float32)
        self._window = quick_length(rate * WINDOW)
        self._rest, self._first = np.zeros(0, np.int16), 0
        self._next = 0
        self._filters = mel_filters(rate, self._window)
        self._taper = np.hanning(self._window).astype(np.float32)

    def take(self, pieces: Iterable[NDArray[np.int16]]) -> None:
        """Samples (S,) that go on where the last ones ended."""
        waiting: list[NDArray[np.int16]] = []
        have = 0
        for piece in pieces:
            waiting.append(piece)
            have += len(piece)
            if have > self._rate * 8:
                self._hear(np.concatenate(waiting))
                waiting, have = [], 0
        if waiting:
            self._hear(np.concatenate(waiting))

    def _hear(self, samples: NDArray[np.int16]) -> None:
        here = np.concatenate([self._rest, samples])
        begin, self._rest = self._first, here
        self._loud(samples, begin + len(here) - len(samples))
        starts = self._starts(begin, begin + len(here))
        for some in np.array_split(starts, max(1, len(starts) // 512)):
            if len(some):
                cut = np.lib.stride_tricks.sliding_window_view(here, self._window)[some - begin]
                self._listen(cut.astype(np.float32) / np.float32(32768))
        following = self._start(self._next)
        keep = max(0, min(len(here), following - begin))
        self._rest, self._first = here[keep:], begin + keep

    def _start(self, column: int) -> int:
        return column * self._total // self._columns

    def _starts(self, begin: int, end: int) -> NDArray[np.int64]:
        """First samples of the columns that are complete now."""
        last = self._next
        while last < self._columns and self._start(last) + self._window <= end:
            last += 1
        columns = np.arange(self._next, last)
        return np.asarray(columns * self._total // self._columns, np.int64)

    def _listen(self, cut: NDArray[np.float32]) -> None:
        spectrum = np.abs(np.fft.rfft(cut * self._taper)) ** 2
        power = self._filters @ spectrum.T.astype(np.float32)
        self._power[:, self._next : self._next + len(cut)] = np.maximum(power, 1e-10)
        self._next += len(cut)

    def _loud(self, samples: NDArray[np.int16], begin: int) -> None:
        num = len(self._peaks)
        first = begin * num // self._total
        last = min(num, (begin + len(samples) - 1) * num // self._total + 1)
        if first >= last or not len(samples):
            return
        edges = -(-np.arange(first, last) * self._total // num) - begin
        edges[0] = 0  # what of it came before is known already
        high = np.maximum.reduceat(samples, edges).astype(np.int32)
        low = np.minimum.reduceat(samples, edges).astype(np.int32)
        if last == num:  # what is beyond the end belongs to none
            end = max(int(edges[-1]) + 1, self._total - begin)
            high[-1], low[-1] = samples[edges[-1] : end].max(), samples[edges[-1] : end].min()
        part = self._peaks[first:last]
        np.maximum(part, np.maximum(high, -low), out=part)

    @property
    def is_silent(self) -> bool:
        """Whether no sample was louder than nothing."""
        return not self._peaks.any()

    def peaks(self) -> Bytes:
        """Loudest sample of each stretch (N,); the loudest of all is 255."""
        loudest = max(1, int(self._peaks.max()))
        return np.asarray(self._peaks * 255 // loudest, np.uint8)

    def mel(self) -> Bytes:
        """Spectrogram (BANDS, columns), low tones below; 255 is the loudest, 0 is 70 dB less."""
        level = 10 * np.log10(self._power[::-1])
        grey = (level - level.max() + RANGE_DB) / RANGE_DB
        return np.asarray(np.clip(grey, 0, 1) * 255, np.uint8)


def quick_length(samples: float) -> int:
    """The even number of samples, nearest and not less, that a Fourier transform is quick at.

    One of 2, 3 and 5 alone: the 1,412 of 44,100 Hz hold the prime 353 and take thrice as long.
    """
    length = 2 * ceil(samples / 2)
    while _rest(length) > 1:
        length += 2
    return length


def _rest(length: int) -> int:
    """What is left of a number without its factors 2, 3 and 5."""
    for factor in (2, 3, 5):
        while length % factor == 0:
            length //= factor
    return length


@cache
def mel_filters(rate: int, window: int) -> NDArray[np.float32]:
    """Triangles (B, F) over F tones in Hz, evenly apart in mel.

    Source of the scale: O'Shaughnessy, Speech Communication, 1987.
    """
    low, high = (2595 * log10(1 + hz / 700) for hz in (LOWEST_HZ, min(HIGHEST_HZ, rate / 2)))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    tones = np.arange(window // 2 + 1) * rate / window
    rising = (tones - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - tones) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    nearest = np.abs(tones - edges[1:-1, None]).argmin(1)
    triangles[np.arange(BANDS), nearest] = np.maximum(1e-3, triangles[np.arange(BANDS), nearest])
    return np.asarray(triangles / triangles.sum(1, keepdims=True), np.float32)
