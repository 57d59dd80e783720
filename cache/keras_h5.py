"""Weights of a Keras 2 file (HDF5, one group per layer) as plain arrays."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.cache.ave_h5 import LayoutError
from avel.cache.hdf5 import open_hdf5, reading_hdf5


def read_keras(path: Path) -> dict[str, NDArray[np.float32]]:
    """Arrays by `<layer>/<kernel or bias>`, in the file's own shapes: kernels (I, O), biases (O,).

    Raises:
        LayoutError: no HDF5 file, or not one that Keras wrote weights into.
        CacheUnavailable: the system does not let the file be read now.
    """
    try:
        with open_hdf5(path) as file, reading_hdf5(path):
            if "layer_names" not in file.attrs:
                raise LayoutError(f"{path}: has no layer_names, so it holds no Keras weights")
            found = {}
            for layer in _names(file.attrs["layer_names"]):
                for name in _names(file[layer].attrs["weight_names"]):
                    part = name.split("/")[-1].removesuffix(":0")
                    found[f"{layer}/{part}"] = np.asarray(file[layer][name], np.float32)
            return found
    except OSError as err:
        raise LayoutError(f"{path}: cannot be read as HDF5 ({err}); download it again") from err


def _names(stored: Iterable[bytes | str]) -> list[str]:
    """Names of layers or arrays: Keras wrote them as bytes, later as text."""
    return [name if isinstance(name, str) else name.decode() for name in stored]
