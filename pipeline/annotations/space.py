"""Windows as points, near each other where films are alike."""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.annotations.windows import Window
from avel.pipeline.method.extract import Features
from avel.pipeline.method.results import Result

Array = NDArray[np.float32]
WIDTH = 128
"""Numbers of a point: random projections keep distances to a tenth (Johnson-Lindenstrauss)."""
SEED = 0


def points_of_features(
    windows: Sequence[Window], features_of: Callable[[int], Features | None]
) -> Array | None:
    """Points (n, D) of length 1 by sight and sound, each its mean over the window's cells.

    Windows of one film stand together. None where the features of a film are not there.
    """
    points: list[Array] = []
    matrices: dict[int, Array] = {}
    film, features = -1, None
    for window in windows:
        if window.film != film:
            film, features = window.film, features_of(window.film)
        if features is None:
            return None
        cells = slice(window.start, window.stop)
        parts = [
            _mean(features.visual[cells], features.visual_mask[cells]),
            _mean(features.audio[cells], features.audio_mask[cells]),
        ]
        points.append(np.concatenate([_narrow(part, matrices) for part in parts]))
    return _of_one_length(np.stack(points))


def points_of_words(windows: Sequence[Window], results: Sequence[Result]) -> Array:
    """Points (n, D) of length 1 by how strongly each label is named in a window, by sense."""
    names: dict[tuple[str, str], int] = {}
    rows: list[dict[int, float]] = []
    for window in windows:
        result, cells = results[window.film], slice(window.start, window.stop)
        row: dict[int, float] = {}
        for kind in ("top_classes", "heard", "seen"):
            for label, share in getattr(result, kind)[cells]:
                place = names.setdefault((kind, label), len(names))
                row[place] = row.get(place, 0.0) + (share if isfinite(share) else 0.0)
        rows.append(row)
    points = np.zeros((len(rows), max(1, len(names))), np.float32)
    for number, row in enumerate(rows):
        points[number, list(row)] = list(row.values())
    return _of_one_length(points)


def _mean(vectors: NDArray[np.floating], there: NDArray[np.bool_]) -> Array:
    """Mean direction (D,) of those that are there; zeros where none is."""
    if not there.any():
        return np.zeros(vectors.shape[1], np.float32)
    mean: Array = _of_one_length(vectors[there].astype(np.float32)).mean(0)
    return _of_one_length(mean)


def _of_one_length(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _narrow(vector: Array, matrices: dict[int, Array]) -> Array:
    """A vector in fewer numbers; the same ones for all of its width."""
    wide = len(vector)
    if wide <= WIDTH:
        return vector
    if wide not in matrices:
        noise = np.random.default_rng(SEED).standard_normal((wide, WIDTH))
        matrices[wide] = (noise / np.sqrt(WIDTH)).astype(np.float32)
    return np.asarray(vector @ matrices[wide], np.float32)
