"""Spectrograms of stretches of one sound that overlap: what they share is computed once.

```
 hops of the sound            0 1 2 3 4 5 6 7 8 9
 computed once, by the cell  |x x x x x|x x x x x|
 a stretch of two cells      [e e - - - - - - - e]
 a stretch of one                 [e e - - e]
```

A column is the same in a stretch and in the sound around it (-) wherever its window of 800 samples
lies inside both. The first two and the last of a stretch are its own (e): no sample is before its
first, and it is mirrored at its ends.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avel.extractors.sound.log_mel import (
    FFT,
    FULL_SCALE,
    HOP,
    NUM_BANDS,
    LogMel,
    mirrored,
    sharpened,
)
from avel.extractors.threads import in_threads

FIRST, LAST = 2, 1
"""Columns of a stretch that its ends are in."""
END = 3 * HOP
"""Samples, in which every such column of an end lies, and no more than a mirror needs."""


class Spectrogram:
    """One stretch's columns (128, frames); they are laid side by side in a batch only.

    Attributes:
        shape: (128, frames).
        dtype: float32.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, ends: NDArray[np.float32], shared: NDArray[np.float32]) -> None:
        self._ends, self._shared = ends, shared
        self.shape = NUM_BANDS, FIRST + shared.shape[1] + LAST

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """An array of its own."""
        parts = self._ends[:, :FIRST], self._shared, self._ends[:, FIRST:]
        return np.concatenate(parts, 1, dtype=dtype or self.dtype)


class SharedColumns:
    """Cuts stretches out of a sound, as spectrograms.

    Cells and ends are computed each by itself, so that no bit depends on what else there is.

    Args:
        log_mel: Of the network, on a CPU.
    """

    def __init__(self, log_mel: LogMel) -> None:
        self._log_mel = log_mel

    def __call__(
        self, cells: NDArray[np.int16], spans: Sequence[tuple[int, int]]
    ) -> list[Spectrogram | NDArray[np.int16]]:
        """Stretches of a sound; one that begins or ends between two hops is samples (S',) still.

        Args:
            cells: Mono int16 (T, S), one after another.
            spans: First sample and number of samples of each stretch.
        """
        flat = cells.reshape(-1)
        found: list[Any] = [flat[start : start + length] for start, length in spans]
        whole = [n for n, span in enumerate(spans) if _is_in_hops(*span, cells.shape[1])]
        if whole:
            columns = self._columns(cells, [spans[n] for n in whole])
            ends = self._ends([found[n] for n in whole])
            for n, own in zip(whole, ends, strict=True):
                first, count = (samples // HOP for samples in spans[n])
                found[n] = Spectrogram(own, columns[:, first + FIRST : first + count - LAST])
        return found

    def _columns(
        self, cells: NDArray[np.int16], spans: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        """Columns (128, T * S / HOP) of the cells that stretches touch; nothing in the others."""
        T, S = cells.shape
        touched = (range(start // S, -(-(start + length) // S)) for start, length in spans)
        heard = sorted(set().union(*touched))
        wave = torch.from_numpy(np.pad(cells.reshape(-1), FFT // 2))
        around = wave.unfold(0, S - HOP + FFT + 1, S)[heard]  # a cell's columns, the first to last
        columns = np.empty((NUM_BANDS, T * S // HOP), np.float32)
        places = columns.reshape(NUM_BANDS, T, S // HOP)
        for cell, found in zip(heard, _each(self._log_mel.columns, around), strict=True):
            places[:, cell] = found
        return columns

    def _ends(self, stretches: Sequence[NDArray[np.int16]]) -> list[NDArray[np.float32]]:
        """Columns (128, 3) of each stretch's ends, which are heard as one short sound."""
        both = np.stack([np.concatenate([each[:END], each[-END:]]) for each in stretches])
        return _each(self._end, torch.from_numpy(both))

    def _end(self, sharp: Tensor) -> Tensor:
        columns = self._log_mel.columns(mirrored(sharp))
        return torch.cat([columns[..., :FIRST], columns[..., -LAST:]], -1)


def _each(run: Callable[[Tensor], Tensor], sounds: Tensor) -> list[NDArray[np.float32]]:
    """Columns (128, frames) of each of some sounds int16 (N, S), sharpened, on a thread each."""

    def alone(samples: Tensor) -> Tensor:
        return run(sharpened(samples.float() / FULL_SCALE))

    return [columns[0].numpy() for columns in in_threads(alone, sounds, 1, one_each=True)]


def _is_in_hops(start: int, length: int, cell: int) -> bool:
    """Whether the columns of a stretch are those of the sound around it, which cells divide."""
    return not any(samples % HOP for samples in (start, length, cell)) and length >= 2 * END
