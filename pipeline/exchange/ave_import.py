"""Feature files as they are published, taken into the cache as a feature set of their own.

The published files hold one row per annotation row (reference 1.4), so imported features are kept
by row and not by video: they know nothing of the files that they were made of.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.ave_h5 import LayoutError, open_features, read_one_hot, read_order
from avel.cache.fingerprint import file_sha256
from avel.cache.store import Store
from avel.pipeline.datasets.ave import CELLS, SPLITS, AveFolder, video_labels
from avel.pipeline.datasets.features import row_key
from avel.pipeline.exchange.ave_names import AUDIO, EMBEDDING, MAP, NOISY
from avel.pipeline.method import extract
from avel.pipeline.method.extract import Features
from avel.pipeline.method.stores import open_store, pack
from avel.pipeline.reasons import InputError


def import_ave_h5(data: AveFolder, folder: Path, root: Path) -> tuple[Store, Iterator[int]]:
    """Take published feature files as a feature set of their own.

    Goes on where an earlier call was stopped: rows that are there are not read again.

    Args:
        data: The dataset whose rows the files' rows are.
        folder: Of the files.
        root: The cache folder.

    Returns:
        Its store, and the number of rows done as they come: nothing is read before.

    Raises:
        LayoutError: a file is missing, damaged, or of another shape than the rows ask for.
        InputError: the label or order files beside are of other rows.
    """
    _check_beside(data, folder)
    labels = folder / f"labels{NOISY}.h5"
    noisy = len(_noisy_labels(labels, len(data.classes))) if labels.is_file() else 0
    store = open_store(root, _recipe(data, folder, noisy))
    return store, _fill(store, folder, len(data.rows), noisy)


def _fill(store: Store, folder: Path, rows: int, noisy: int) -> Iterator[int]:
    done = 0
    with store.writer() as writer:
        for suffix, kind, count in (("", "row", rows), (NOISY, "noisy", noisy)):
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
    names = [f"{name}{end}" for name in (AUDIO, MAP, EMBEDDING) for end in ("", NOISY)]
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
