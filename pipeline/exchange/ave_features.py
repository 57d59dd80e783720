"""Feature sets in the layout that the field's scripts read, out of the cache and into it.

The published files hold one row per annotation row (reference 1.4), so imported features are kept
by row and not by video: they know nothing of the files that they were made of.
"""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.ave_h5 import (
    LayoutError,
    open_features,
    read_one_hot,
    read_order,
    write_features,
    write_labels,
    write_order,
)
from avel.cache.fingerprint import ContentKeys, file_sha256
from avel.cache.maintenance import stores
from avel.cache.store import CacheError, Store
from avel.pipeline.datasets.ave import (
    CELLS,
    SPLITS,
    AveFolder,
    match_file,
    segment_labels,
    video_labels,
)
from avel.pipeline.datasets.features import find_rows, noisy_keys, row_key
from avel.pipeline.method import extract
from avel.pipeline.method.extract import Features
from avel.pipeline.method.recipes import pack, unpack
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

AUDIO, MAP, VECTOR = "audio_feature", "visual_feature", "visual_feature_vec"
EMBEDDING = "visual_embedding"
"""Ours alone: the encoder's own vector of the picture, so that a round trip loses nothing."""
PROBED = 20
"""Rows of a dataset by which a feature set is known to be of it."""


def features_store(root: Path, prefix: str, data: AveFolder) -> Store:
    """The feature set whose fingerprint begins so; else the only one that holds the data's videos.

    Raises:
        CacheError: none, or more than one; lists what there is.
    """
    all_sets = [store for store in stores(root) if store.stage == "features"]
    found = [store for store in all_sets if store.fingerprint.startswith(prefix)]
    if not prefix:
        contents = ContentKeys(root)
        found = [store for store in all_sets if _holds(store, data, contents)]
    if len(found) != 1:
        names = ", ".join(
            f"{s.fingerprint[:12]} ({s.recipe['config'].get('extractor', 'imported')})"
            for s in all_sets
        )
        which = f"begin with '{prefix}'" if prefix else f"hold videos of {data.root}"
        raise CacheError(
            f"{root}: {len(found)} feature sets {which}; name one with --store "
            f"(there are: {names or 'none'})"
        )
    return found[0]


def _holds(store: Store, data: AveFolder, contents: ContentKeys) -> bool:
    try:
        rows = range(min(PROBED, len(data.rows)))
        return bool(find_rows(data, store, contents, rows).keys)
    except InputError:  # imported for other rows
        return False


def export_ave_h5(
    data: AveFolder, store: Store, out: Path, runtime: RuntimeConfig, dtype: str, missing_ok: bool
) -> Iterator[int]:
    """Write everything that the published scripts read; yields the number of rows done.

    Rows without features are zeros and are listed in `missing.txt`; background-only videos without
    are left out.

    Raises:
        InputError: videos have no features and that is not fine, or the map is not square.
    """
    keys, missing = _keys(data, store, runtime, missing_ok)
    contents = ContentKeys(runtime.cache_dir)
    noisy = noisy_keys(data, store, contents)
    if len(noisy) < len(data.noisy) and not missing_ok:
        raise InputError(
            f"{data.root}: {len(data.noisy) - len(noisy)} of {len(data.noisy)} background-only "
            f"videos have no features in {store.fingerprint[:12]}; extract them, or give "
            "--allow-missing to leave them out"
        )
    out.mkdir(parents=True, exist_ok=True)
    if missing:
        (out / "missing.txt").write_text("".join(f"{name}\n" for name in missing))
    yield from _write_set(store, keys, out, "", dtype)
    if noisy:
        yield from _write_set(store, list(noisy), out, "_noisy", dtype)
        hot = np.zeros((len(noisy), len(data.classes) + 1))
        hot[:, -1] = 1
        write_labels(out / "labels_noisy.h5", hot)
    _write_tables(data, out)


def _keys(
    data: AveFolder, store: Store, runtime: RuntimeConfig, missing_ok: bool
) -> tuple[list[str | None], list[str]]:
    rows = list(range(len(data.rows)))
    found = find_rows(data, store, ContentKeys(runtime.cache_dir), rows)
    if not found.keys:
        raise InputError(
            f"{data.root}: not one row has features in {store.fingerprint[:12]}; run "
            f"`avel extract {data.root}` first"
        )
    if found.missing and not missing_ok:
        names = ", ".join(list(found.missing)[:5])
        raise InputError(
            f"{data.root}: {len(found.missing)} videos have no features in "
            f"{store.fingerprint[:12]} (first: {names}); extract them, or give --allow-missing to "
            "write zeros for them"
        )
    return [found.keys.get(row) for row in rows], list(found.missing)


def _write_set(
    store: Store, keys: list[str | None], out: Path, suffix: str, dtype: str
) -> Iterator[int]:
    """The feature files of one list of items, in its order."""
    first = _arrays(store, next(key for key in keys if key))
    side = round(first[MAP].shape[1] ** 0.5)
    if side * side != first[MAP].shape[1]:
        raise InputError(
            f"a map of {first[MAP].shape[1]} positions is not square; use --layout npy"
        )
    channels = first[MAP].shape[-1]
    shapes: dict[str, tuple[int, ...]] = {
        AUDIO: first[AUDIO].shape[1:],
        MAP: (side, side, channels),
        VECTOR: (channels,),
        EMBEDDING: first[EMBEDDING].shape[1:],
    }
    files = {out / f"{name}{suffix}.h5": name for name in shapes}

    def rows() -> Iterator[dict[Path, NDArray[np.floating]]]:
        for key in keys:
            arrays = _arrays(store, key) if key else {}
            yield {
                path: arrays[name].reshape(CELLS, *shapes[name])
                for path, name in files.items()
                if name in arrays
            }

    yield from write_features(
        {path: (len(keys), CELLS, *shapes[name]) for path, name in files.items()}, rows(), dtype
    )


def _arrays(store: Store, key: str) -> dict[str, NDArray[np.floating]]:
    """One item cut or padded to ten segments, under the files' names."""
    arrays = store.get(key)
    if arrays is None:
        raise CacheError(
            f"{store.folder}: item {key[:12]} cannot be read; run `avel extract` again"
        )
    features = unpack(Features, arrays)

    def ten(values: NDArray[Any]) -> NDArray[np.float32]:
        fitted = np.zeros((CELLS, *values.shape[1:]), np.float32)
        fitted[: min(CELLS, len(values))] = values[:CELLS]
        return fitted

    visual_map = ten(features.visual_map)
    return {
        AUDIO: ten(features.audio),
        MAP: visual_map,
        VECTOR: visual_map.mean(1),
        EMBEDDING: ten(features.visual),
    }


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


def export_npy(
    data: AveFolder, store: Store, out: Path, runtime: RuntimeConfig, missing_ok: bool
) -> Iterator[int]:
    """One file (T, ...) per video and kind, `audio/<id>.npy`, and `index.csv` of the rows."""
    keys, _ = _keys(data, store, runtime, missing_ok)
    kinds = ("audio", "visual", "visual_map")
    for kind in kinds:
        (out / kind).mkdir(parents=True, exist_ok=True)
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        index = csv.writer(file)
        index.writerow(["row", "video_id", "label", "start", "end", "features"])
        for number, (row, key) in enumerate(zip(data.rows, keys, strict=True)):
            name = data.classes[row.label]
            there = "yes" if key else "missing"
            index.writerow([number, row.video_id, name, row.start, row.end, there])
            arrays = store.get(key) if key else None
            for kind in kinds if arrays is not None else ():
                np.save(out / kind / f"{row.video_id}.npy", arrays[kind])  # type: ignore[index]
            yield number + 1


def import_ave_h5(
    data: AveFolder, folder: Path, runtime: RuntimeConfig
) -> tuple[Store, Iterator[int]]:
    """Take published feature files (N, 10, ...) as a feature set; its store, and rows as they come.

    Goes on where an earlier call was stopped: rows that are there are not read again.

    Raises:
        LayoutError: a file is missing, damaged, or of another shape than the rows ask for.
        InputError: the label or order files beside are of other rows.
    """
    _check_beside(data, folder)
    labels = folder / "labels_noisy.h5"
    noisy = len(_noisy_labels(labels, len(data.classes))) if labels.is_file() else 0
    store = open_store(runtime.cache_dir, _recipe(data, folder, noisy))
    return store, _fill(store, folder, len(data.rows), noisy)


def _fill(store: Store, folder: Path, rows: int, noisy: int) -> Iterator[int]:
    done = 0
    with store.writer() as writer:
        for suffix, kind, count in (("", "row", rows), ("_noisy", "noisy", noisy)):
            for number, features in _read_set(folder, suffix, count, kind, store) if count else ():
                if features is not None:
                    writer.add(row_key(number, kind), pack(features))
                done += 1
                yield done


def _read_set(
    folder: Path, suffix: str, count: int, kind: str, store: Store
) -> Iterator[tuple[int, Features | None]]:
    """Rows of the files with a suffix; None for those that the store has."""
    shapes: dict[str, tuple[int | None, ...]] = {
        AUDIO: (count, CELLS, None),
        MAP: (count, CELLS, None, None, None),
    }
    if (folder / f"{EMBEDDING}{suffix}.h5").is_file():
        shapes[EMBEDDING] = (count, CELLS, None)
    with ExitStack() as stack:
        files = [
            stack.enter_context(open_features(folder / f"{name}{suffix}.h5", shape))
            for name, shape in shapes.items()
        ]
        for number in range(count):
            known = row_key(number, kind) in store
            yield number, None if known else _of_rows(*(file.row(number) for file in files))


def _of_rows(
    audio: NDArray[np.float32],
    visual: NDArray[np.float32],
    vector: NDArray[np.float32] | None = None,
) -> Features:
    """Features of one row; a segment of nothing but zeros is one without that stream."""
    visual_map = visual.reshape(CELLS, -1, visual.shape[-1])
    return Features(
        visual_map.mean(1) if vector is None else vector,
        visual_map,  # type: ignore[arg-type]
        audio,
        (visual_map != 0).any((1, 2)),
        (audio != 0).any(1),
        float(CELLS),
        (),
    )


def _recipe(data: AveFolder, folder: Path, noisy: int) -> dict[str, Any]:
    """What an imported set is: the files by content, and the rows that they belong to."""
    names = [f"{name}{end}" for name in (AUDIO, MAP, EMBEDDING) for end in ("", "_noisy")]
    files = {name: folder / f"{name}.h5" for name in names}
    for name in (AUDIO, MAP):
        if not files[name].is_file():
            raise LayoutError(
                f"{files[name]}: is not there; the layout needs {AUDIO}.h5 and {MAP}.h5"
            )
    hashes = {name: file_sha256(path) for name, path in files.items() if path.is_file()}
    return {
        "stage": "features",
        "version": extract.VERSION,
        "config": {"imported": "ave-h5", "files": hashes, "rows": data.sha256, "noisy": noisy},
    }


def _check_beside(data: AveFolder, folder: Path) -> None:
    """The tables beside the features must speak of the same rows."""
    labels, K = folder / "mil_labels.h5", len(data.classes)
    if labels.is_file():
        given = read_one_hot(labels, (len(data.rows), K + 1))
        wrong = np.flatnonzero(given != video_labels(data.rows))
        if len(wrong):
            raise InputError(
                f"{labels}: row {wrong[0]} is of class {given[wrong[0]]}, the annotations of "
                f"{data.root} say {data.rows[wrong[0]].label}; the features are of other rows"
            )
    for split in SPLITS:
        path = folder / f"{split}_order.h5"
        if path.is_file() and not np.array_equal(
            read_order(path, len(data.rows)), data.splits[split]
        ):
            raise InputError(f"{path}: is another split than {data.root} has")


def _noisy_labels(path: Path, background: int) -> NDArray[np.int64]:
    """Labels of the background-only videos; their number is that of the noisy rows."""
    with open_features(path, (None, background + 1)) as file:
        rows = file.num_rows
    labels = read_one_hot(path, (rows, background + 1))
    if (labels != background).any():
        raise LayoutError(f"{path}: a background-only video has class {labels.min()}")
    return labels
