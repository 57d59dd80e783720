"""Results, scores and films for the report's tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from tests.films import clicks, write_film

EVIL = "<script>alert(\"1\")</script> & 'x'"


def scores(T: int, at: int) -> SegmentScores:
    """All attention on one of 49 positions."""
    attention = np.zeros((T, 49), np.float32)
    attention[:, at] = 1
    none = np.zeros(T, np.float32)
    return SegmentScores(
        none, np.zeros((T, 2), np.float32), np.ones(T, bool), attention, none, none, float(T), ()
    )


def film(path: Path, seconds: int, *, sound: bool = True) -> Path:
    """Pictures that change twice a second, and one click."""
    samples = clicks(seconds * 44_100, [100]) if sound else None
    return write_film(path, frame_times=[k / 2 for k in range(2 * seconds)], samples=samples)


def result(file: str = "a.mp4", **changes: object) -> Result:
    """Four segments and 3.5 seconds, two events."""
    made = Result(
        file,
        "ok",
        duration=3.5,
        segments=4,
        events=(Event(0.0, 2.0, "dog", 0.9), Event(3.0, 3.5, "bell", 0.6)),
        model={"name": "dmsf", "sha256": "0123456789abcdef", "knows": "trained on films"},
        decoder={"name": "gate", "threshold": 0.7},
        relevance=(0.9, 0.8, 0.1, 0.6),
        top_classes=(("dog", 0.5), ("dog", 0.75), ("cat", 0.25), ("bell", 1.0)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]
