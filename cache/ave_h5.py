"""The HDF5 files of the AVE bench: order lists and label arrays, as its scripts read them."""

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
