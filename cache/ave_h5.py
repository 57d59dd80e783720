"""The HDF5 files of the AVE bench: order lists and label arrays, as its scripts read them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from avel.cache.errors import writing
from avel.cache.hdf5 import drawing, open_hdf5, reading_hdf5, reserve
from avel.cache.plain import write_at
from avel.cache.whole import replacing

ORDER, DATA = "order", "avadataset"
"""The field's dataset names; the second is misspelt in every published file."""


class LayoutError(ValueError):
    """A file of the AVE layout is not what its name says."""


def read_order(path: Path, num_rows: int) -> NDArray[np.int64]:
    """Row indices (N,) of a split.

    Raises:
        LayoutError: the dataset is missing, not a list of integers, or out of range.
    """
    order = _values(path, ORDER)
    if order.ndim != 1 or not np.issubdtype(order.dtype, np.integer):
        raise LayoutError(
            f"{path}: '{ORDER}' has shape {order.shape} of {order.dtype}; expected (N,) integers"
        )
    if order.size and (order.min() < 0 or order.max() >= num_rows):
        worst = order.max() if order.max() >= num_rows else order.min()
        raise LayoutError(f"{path}: row {worst} is not among the {num_rows} annotation rows")
    return order.astype(np.int64)


def read_labels(path: Path) -> NDArray[np.generic]:
    """A label array of any of AVE's shapes, such as (N, 10, K), as it is in the file."""
    return _values(path, DATA)


def read_one_hot(path: Path, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Class indices (N, 10) or (N,), one axis less than `shape`, of a file of one-hot labels.

    Raises:
        LayoutError: the dataset is missing, has another shape, or a row is not one-hot.
    """
    labels = _values(path, DATA)
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
    """Write a split's row indices (N,)."""
    _write(path, ORDER, np.asarray(order, np.int64))


def write_labels(path: Path, labels: ArrayLike) -> None:
    """Write a label array (N, 10, K) or (N, K) as float32."""
    _write(path, DATA, np.asarray(labels, np.float32))


@contextmanager
def open_features(path: Path, shape: tuple[int | None, ...]) -> Iterator["FeatureFile"]:
    """A file of features (N, 10, ...), read row by row: the visual one is larger than memories.

    Args:
        path: The file.
        shape: What it must have; None for any size of that axis.

    Raises:
        LayoutError: the dataset is missing, or has another shape or no numbers.
        CacheUnavailable: the system does not let the file be read now.
    """
    with _opened(path) as file:
        dataset = _dataset(path, file, DATA)
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


class FeatureFile:
    """Rows of one open feature file."""

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        self.path, self._dataset = path, dataset

    @property
    def num_rows(self) -> int:
        """Number of rows, its first axis."""
        return int(self._dataset.shape[0])

    def row(self, number: int) -> NDArray[np.float32]:
        """One row, (10, ...), as float32.

        Raises:
            LayoutError: it is damaged, or a value is not finite or is no float32, so that it could
                not be kept.
            CacheUnavailable: the system does not let the file be read now.
        """
        with _read(self.path):
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
    """Fill feature files (N, 10, ...) together, row by row; yields the number of rows done.

    The files get their names when all are whole; rows that are not given are zeros.

    Args:
        files: Shape of each, the number of rows first.
        rows: What goes into each file's next row.
        dtype: `float64`, as published, or `float32`.

    Raises:
        CacheError: the disk is full or the folder not writable; none of the files is made.
    """
    parts = {path: path.with_name(f".{path.name}.part") for path in files}
    try:
        with ExitStack() as stack:
            made = {p: stack.enter_context(_blank(p, parts[p], files[p], dtype)) for p in files}
            for number, row in enumerate(rows):
                for path, values in row.items():
                    handle, offset = made[path]
                    whole = np.empty(files[path][1:], dtype)
                    whole[...] = values
                    with _writing(path):
                        write_at(handle, offset + number * whole.nbytes, whole.tobytes())
                yield number + 1
        for path, part in parts.items():
            with _writing(path):
                os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


@contextmanager
def _blank(path: Path, part: Path, shape: tuple[int, ...], dtype: str) -> Iterator[tuple[int, int]]:
    """A descriptor of a new file of zeros, to be filled, and the byte offset of its values."""
    with drawing() as (group, paper):
        offset = reserve(group, DATA, shape, dtype)
    with _writing(path):
        file = part.open("wb", buffering=0)
    with file:
        with _writing(path):
            paper.paint(file.fileno())
        yield file.fileno(), offset


def _dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    with _read(path):
        if name not in file:
            raise LayoutError(f"{path}: has no dataset '{name}' (datasets: {', '.join(file)})")
        return file[name]


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    with _read(path):
        file = open_hdf5(path)
    with file:
        yield file


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Tell what is no such file from what cannot be read now."""
    try:
        with reading_hdf5(path):
            yield
    except OSError as err:
        raise LayoutError(f"{path}: is not a readable HDF5 file ({err}); copy it again") from err


def _values(path: Path, name: str) -> NDArray[np.generic]:
    with _opened(path) as file:
        dataset = _dataset(path, file, name)
        with _read(path):
            return np.asarray(dataset[()])


def _write(path: Path, name: str, values: NDArray[np.generic]) -> None:
    with drawing() as (file, paper):
        file.create_dataset(name, data=values)
    with _writing(path), replacing(path) as part, part.open("wb", buffering=0) as written:
        paper.paint(written.fileno())


def _writing(path: Path) -> AbstractContextManager[None]:
    return writing(path, room="or give another folder", folder="to write to")
