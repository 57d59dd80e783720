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
