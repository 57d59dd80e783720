"""Cached features as the files that the field's scripts read (reference 1.4)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.ave_h5 import write_features, write_labels, write_order
from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.pipeline.datasets.ave import (
    CELLS,
    SPLITS,
    AveFolder,
    match_file,
    segment_labels,
    video_labels,
)
from avel.pipeline.datasets.features import noisy_keys
from avel.pipeline.exchange.ave_names import AUDIO, EMBEDDING, MAP, NOISY, VECTOR
from avel.pipeline.exchange.feature_sets import item, row_keys
from avel.pipeline.method.kept import require, unpack_features
from avel.pipeline.reasons import InputError


def export_ave_h5(
    data: AveFolder,
    store: Store,
    out: Path,
    root: Path,
    *,
    dtype: str = "float64",
    missing_ok: bool = False,
) -> Iterator[int]:
    """Write everything that the published scripts read, one row in memory at a time.

    Rows without features are zeros and are listed in `missing.txt`; background-only videos without
    are left out.

    Args:
        data: The dataset.
        store: Features of its videos.
        out: Folder to write into.
        root: The cache folder.
        dtype: `float64`, as published, or `float32`.
        missing_ok: Whether some videos may have no features.

    Yields:
        Number of rows done of the list being written: the annotated, then the background-only.

    Raises:
        InputError: videos have no features and that is not fine, the map is not square, or the
            features were kept without it.
    """
    require(store.recipe, ("audio", "visual_map", "visual"), "--layout ave-h5")
    contents = ContentKeys(root)
    keys, missing = row_keys(data, store, contents, missing_ok=missing_ok)
    noisy = _noisy(data, store, contents, missing_ok)
    out.mkdir(parents=True, exist_ok=True)
    if missing:
        (out / "missing.txt").write_text("".join(f"{name}\n" for name in missing), "utf-8")
    yield from _write_set(store, keys, out, "", dtype)
    if noisy:
        yield from _write_set(store, noisy, out, NOISY, dtype)
        hot = np.zeros((len(noisy), len(data.classes) + 1))
        hot[:, -1] = 1
        write_labels(out / f"labels{NOISY}.h5", hot)
    _write_tables(data, out)


def _noisy(data: AveFolder, store: Store, contents: ContentKeys, missing_ok: bool) -> list[str]:
    noisy = noisy_keys(data, store, contents)
    if len(noisy) < len(data.noisy) and not missing_ok:
        raise InputError(
            f"{data.root}: {len(data.noisy) - len(noisy)} of {len(data.noisy)} background-only "
            f"videos have no features in {store.fingerprint[:12]}; extract them, or give "
            "--allow-missing to leave them out"
        )
    return noisy


def _write_set(
    store: Store, keys: Sequence[str | None], out: Path, suffix: str, dtype: str
) -> Iterator[int]:
    """The feature files of one list of items, in its order."""
    shapes = _shapes(_arrays(store, next(key for key in keys if key)))
    files = {out / f"{name}{suffix}.h5": name for name in shapes}

    def rows() -> Iterator[dict[Path, NDArray[np.floating]]]:
        for key in keys:
            arrays = _arrays(store, key) if key else {}
            yield {
                path: arrays[name].reshape(CELLS, *shapes[name])
                for path, name in files.items()
                if name in arrays
            }

    sizes = {path: (len(keys), CELLS, *shapes[name]) for path, name in files.items()}
    yield from write_features(sizes, rows(), dtype)


def _shapes(first: Mapping[str, NDArray[np.floating]]) -> dict[str, tuple[int, ...]]:
    """Shape of one segment in each file, from the arrays of one item."""
    positions, channels = first[MAP].shape[1:]
    side = round(positions**0.5)
    if side * side != positions:
        raise InputError(f"a map of {positions} positions is not square; use --layout npy")
    return {
        AUDIO: first[AUDIO].shape[1:],
        MAP: (side, side, channels),
        VECTOR: (channels,),
        EMBEDDING: first[EMBEDDING].shape[1:],
    }


def _arrays(store: Store, key: str) -> dict[str, NDArray[np.floating]]:
    """One item cut or padded to ten segments, under the files' names."""
    features = unpack_features(item(store, key))
    visual_map = _ten(features.visual_map)
    return {
        AUDIO: _ten(features.audio),
        MAP: visual_map,
        VECTOR: visual_map.mean(1),
        EMBEDDING: _ten(features.visual),
    }


def _ten(values: NDArray[Any]) -> NDArray[np.float32]:
    fitted = np.zeros((CELLS, *values.shape[1:]), np.float32)
    fitted[: min(CELLS, len(values))] = values[:CELLS]
    return fitted


def _write_tables(data: AveFolder, out: Path) -> None:
    """Labels and splits; `labels.h5` and `right_labels.h5` are both what the annotations say."""
    K = len(data.classes)
    segments = segment_labels(data.rows, K)
    hot = np.eye(K + 1)
    write_labels(out / "labels.h5", hot[segments])
    write_labels(out / "right_labels.h5", hot[segments])
    write_labels(out / "mil_labels.h5", hot[video_labels(data.rows)])
    write_labels(out / "labels_closs.h5", segments != K)
    write_labels(out / "prob_label.h5", hot[segments].mean(1))
    for split in SPLITS:
        write_order(out / f"{split}_order.h5", data.splits[split])
    for split, order in data.match_splits.items():
        write_order(out / match_file(split), order)
