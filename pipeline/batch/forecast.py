"""From a few files that were tried to all of them: what a batch will take, with ranges.

Everything is as much as the sample's, by bytes of the files: a list's bytes are known at once, its
seconds are not. How far the sample's files differ gives the range.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LEAST_ERROR = 0.1
"""Relative, of any estimate."""
TIME_ERROR = 0.3
"""The same of times: what else runs on a machine changes from hour to hour."""
LONE_ERROR = 0.5
"""Relative, of what one file says."""
ERRORS = 2.5
"""Standard errors to each side of a range: of samples of a dozen files nine of ten hold it."""


@dataclass(frozen=True)
class Range:
    """A quantity that is not known yet."""

    low: float
    likely: float
    high: float

    def times(self, factor: float) -> "Range":
        """So many times as much."""
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def rounded(self) -> dict[str, float]:
        """For programs."""
        return {name: round(value, 3) for name, value in vars(self).items()}


def about(likely: float, error: float) -> Range:
    """A quantity with its relative error to each side."""
    return Range(likely / (1 + error), likely, likely * (1 + error))


def ratio(numbers: Sequence[float], of: Sequence[float]) -> tuple[float, float]:
    """How many there are for each of the others, over a sample, and the relative error of that.

    The error is the jackknife's, `ERRORS` wide (Efron and Tibshirani, An Introduction to the
    Bootstrap, chapter 11).
    """
    above, below = np.array(numbers, float), np.array(of, float)
    if not below.sum() or not above.sum():
        return 0.0, LEAST_ERROR
    whole, n = above.sum() / below.sum(), len(above)
    if n == 1:
        return float(whole), LONE_ERROR
    rest = (above.sum() - above) / np.maximum(below.sum() - below, 1e-9)
    error = math.sqrt((n - 1) / n * ((rest - rest.mean()) ** 2).sum()) / whole
    return float(whole), max(LEAST_ERROR, ERRORS * float(error))


@dataclass(frozen=True)
class Machine:
    """What a batch has to work with: loops, processes that decode in all, cores in all."""

    loops: int
    workers: int
    cores: int


@dataclass(frozen=True)
class Work:
    """What is to be done, in seconds; of processors where it says so.

    Attributes:
        load: Of the wall's clock, until an encoder is ready.
        read: Hashing.
        decode: Of processors.
        encode: Of a device.
        encode_processors: Of processors, while it encodes.
    """

    load: float
    read: Range
    decode: Range
    encode: Range
    encode_processors: Range

    def wall(self, machine: Machine) -> Range:
        """Seconds by the wall's clock.

        At best those of the slowest stage, or of all that share the cores; at worst those of one
        stage after another.
        """
        lanes = max(1, min(machine.workers, machine.cores))
        each = [
            self.read.times(1 / machine.loops),
            self.decode.times(1 / lanes),
            self.encode.times(1 / machine.loops),
        ]
        shared = [stage.times(1 / machine.cores) for stage in (self.decode, self.encode_processors)]
        low = max(max(stage.low for stage in each), sum(stage.low for stage in shared))
        likely = max(max(stage.likely for stage in each), sum(stage.likely for stage in shared))
        high = max(sum(stage.high for stage in each), sum(stage.high for stage in shared))
        if not likely:
            return Range(0.0, 0.0, 0.0)
        load = about(self.load, LONE_ERROR)
        return Range(load.low + low, load.likely + likely, load.high + max(high, likely))


def planned_bytes(path: Path, *, segments: bool) -> float:
    """The least that a plan's file says of the disk; 0 where there is none.

    Args:
        path: The plan's file.
        segments: Whether cells are kept; the plan may have been made for a run that does.
    """
    names = ("features_bytes", "segments_bytes") if segments else ("features_bytes",)
    try:
        expected = json.loads(path.read_text())["expected"]
        return float(sum(expected[name]["low"] for name in names if name in expected))
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def errors_of(path: Path, actual: Mapping[str, float]) -> dict[str, Any] | None:
    """How far a plan was off: for each quantity what was expected, what came, and the error.

    Args:
        path: A plan's file; None comes back where there is none.
        actual: What came, by the names of the plan's `expected`.
    """
    try:
        expected: Mapping[str, Any] = json.loads(path.read_text())["expected"]
        return {name: _error(expected[name], actual[name]) for name in expected if name in actual}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _error(expected: Mapping[str, float], actual: float) -> dict[str, Any]:
    likely = float(expected["likely"])
    return {
        "expected": dict(expected),
        "actual": round(actual, 3),
        "error": round(actual / likely - 1, 4) if likely else None,
        "within": float(expected["low"]) <= actual <= float(expected["high"]),
    }
