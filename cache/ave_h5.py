"""The HDF5 files of the AVE bench: order lists and label arrays, as its scripts read them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

ORDER, DATA = "order", "avadataset"
"""The field's dataset names; the second is misspelt in every published file."""


class LayoutError(ValueError):
    """A file of the AVE layout is not what its name says."""


def read_order(path: Path, num_rows: int) -> NDArray[np.int64]:
    """Row indices (N,) of a split.

    Raises:
        LayoutError: the dataset is missing, not a list of integers, or out of range.
    """
    order = _read(path, ORDER)
    if order.ndim != 1 or not np.issubdtype(order.dtype, np.integer):
        raise LayoutError(
            f"{path}: '{ORDER}' has shape {order.shape} of {order.dtype}; expected (N,) integers"
        )
    if order.size and (order.min() < 0 or order.max() >= num_rows):
        worst = order.max() if order.max() >= num_rows else order.min()
        raise LayoutError(f"{path}: row {worst} is not among the {num_rows} annotation rows")
    return order.astype(np.int64)


def read_labels(path: Path) -> NDArray[np.generic]:
    """A label array of any of AVE's shapes, as it is in the file."""
    return _read(path, DATA)


def read_one_hot(path: Path, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Class indices, one axis less than `shape`, of a file of one-hot labels.

    Raises:
        LayoutError: the dataset is missing, has another shape, or a row is not one-hot.
    """
    labels = _read(path, DATA)
    if labels.shape != shape:
        raise LayoutError(f"{path}: '{DATA}' has shape {labels.shape}, expected {shape}")
    hot = ((labels == 0) | (labels == 1)).all(-1) & (labels.sum(-1) == 1)
    if not hot.all():
        at = tuple(int(i) for i in np.argwhere(~hot)[0])
        raise LayoutError(
            f"{path}: '{DATA}' is not one-hot at {at}: {np.asarray(labels[at])[:6].tolist()} …, "
            f"expected one 1 among {shape[-1]} (shape {shape})"
        )
    return np.asarray(labels.argmax(-1), np.int64)


def write_order(path: Path, order: ArrayLike) -> None:
    """Write a split's row indices."""
    _write(path, ORDER, np.asarray(order, np.int64))


def write_labels(path: Path, labels: ArrayLike) -> None:
    """Write a label array as float32."""
    _write(path, DATA, np.asarray(labels, np.float32))


@contextmanager
def open_features(path: Path, shape: tuple[int | None, ...]) -> Iterator["FeatureFile"]:
    """A file of features, read row by row: the visual one is larger than most memories.

    Args:
        path: The file.
        shape: What it must have; None for any size of that axis.

    Raises:
        LayoutError: the dataset is missing, or has another shape or no numbers.
    """
    try:
        with h5py.File(path, "r") as file:
            if DATA not in file:
                raise LayoutError(f"{path}: has no dataset '{DATA}' (datasets: {', '.join(file)})")
            dataset = file[DATA]
            fits = len(dataset.shape) == len(shape) and all(
                want in (None, have) for want, have in zip(shape, dataset.shape, strict=True)
            )
            if not fits or not np.issubdtype(dataset.dtype, np.floating):
                wanted = ", ".join("*" if size is None else str(size) for size in shape)
                raise LayoutError(
                    f"{path}: '{DATA}' has shape {dataset.shape} of {dataset.dtype}, expected "
                    f"({wanted}) of floats: one row for each annotation row, ten segments each"
                )
            yield FeatureFile(path, dataset)
    except OSError as err:
        raise LayoutError(f"{path}: is not a readable HDF5 file ({err}); copy it again") from err


class FeatureFile:
    """Rows of one open feature file."""

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        self.path, self._dataset = path, dataset

    @property
    def num_rows(self) -> int:
        """Its first axis."""
        return int(self._dataset.shape[0])

    def row(self, number: int) -> NDArray[np.float32]:
        """One row as float32.

        Raises:
            LayoutError: a value is not finite or is no float32, so that it could not be kept.
        """
        values = np.asarray(self._dataset[number])
        kept = values.astype(np.float32)
        if not np.isfinite(kept).all():
            raise LayoutError(f"{self.path}: row {number} holds a value that is not finite")
        if not np.array_equal(kept, values):
            raise LayoutError(
                f"{self.path}: row {number} holds float64 values that float32 cannot keep exactly; "
                "convert the file to float32 first, if the rounding is meant"
            )
        return kept


def write_features(
    files: Mapping[Path, tuple[int, ...]],
    rows: Iterable[Mapping[Path, NDArray[np.floating]]],
    dtype: str,
) -> Iterator[int]:
    """Fill feature files together, row by row; yields the number of rows done.

    The files get their names when all are whole.

    Args:
        files: Shape of each, the number of rows first.
        rows: What goes into each file's next row.
        dtype: `float64`, as published, or `float32`.
    """
    parts = {path: path.with_name(f".{path.name}.part") for path in files}
    opened = {path: h5py.File(part, "w") for path, part in parts.items()}
    try:
        sets = {p: opened[p].create_dataset(DATA, files[p], dtype) for p in files}
        for number, row in enumerate(rows):
            for path, values in row.items():
                sets[path][number] = values
            yield number + 1
    except BaseException:
        for path, part in parts.items():
            opened[path].close()
            part.unlink(missing_ok=True)
        raise
    for path, part in parts.items():
        opened[path].close()
        os.replace(part, path)


def _read(path: Path, name: str) -> NDArray[np.generic]:
    try:
        with h5py.File(path, "r") as file:
            if name not in file:
                raise LayoutError(f"{path}: has no dataset '{name}' (datasets: {', '.join(file)})")
            return np.asarray(file[name][()])
    except OSError as err:
        raise LayoutError(f"{path}: is not a readable HDF5 file ({err})") from err


def _write(path: Path, name: str, values: NDArray[np.generic]) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=values)
