"""MTCNN's weights in the package `mtcnn`: found and read without running anything of it.

They are lists of arrays that joblib wrote, and joblib runs what such a file says: so a file is
read only if its content is the one that is known.
"""

import hashlib
import io
from collections.abc import Sequence

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avel.extractors.vision.declarations import FACE_FILES, FACE_PACKAGE
from avel.extractors.weights.files import WeightsError, WeightsFile, find_packaged

NAMES = {
    "pnet": ("conv1", "conv2", "conv3", "conv4_2", "conv4_1"),
    "rnet": ("conv1", "conv2", "conv3", "conv4", "conv5_2", "conv5_1"),
    "onet": ("conv1", "conv2", "conv3", "conv4", "conv5", "", "", "conv6_1"),
}
"""Layers in the files' order; those without a name are not used: boxes and landmarks."""
HEADS = ("conv4_1", "conv4_2", "conv5_1", "conv5_2", "conv6_1", "")
PARTS = {"pnet": "proposal", "rnet": "refine", "onet": "output"}


def face_tensors() -> dict[str, Tensor]:
    """The detector's state.

    Raises:
        WeightsError: the package is not installed, or its files are not those that are known.
    """
    state: dict[str, Tensor] = {}
    for (path, sha256), net in zip(FACE_FILES.items(), NAMES, strict=True):
        file = find_packaged(FACE_PACKAGE, path)
        state |= {f"{PARTS[net]}.{k}": v for k, v in _named(net, _read(file, sha256)).items()}
    return state


def _read(file: WeightsFile, sha256: str) -> list[NDArray[np.float32]]:
    content = file.path.read_bytes()  # once: what is checked is what is read
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{file.path}: is not the file of {FACE_PACKAGE} 1.0.0 (sha256 {found[:12]}, not "
            f"{sha256[:12]}) and is not read; `pip install {FACE_PACKAGE}==1.0.0`"
        )
    arrays: list[NDArray[np.float32]] = joblib.load(io.BytesIO(content))
    return arrays


def _named(net: str, arrays: Sequence[NDArray[np.float32]]) -> dict[str, Tensor]:
    """Arrays by layer: kernel and bias, and after all but the last layers a PReLU's slopes."""
    rest, named = iter(arrays), {}
    head = {"pnet": "conv4_1", "rnet": "conv5_1", "onet": "conv6_1"}[net].split("_")[0]
    for name in NAMES[net]:
        kernel, bias = next(rest), next(rest)
        is_last = not name or name.startswith(f"{head}_")
        inside = name if is_last else f"features.{name}"
        if name:
            named[f"{inside}.weight"] = _kernel(kernel, inside)
            named[f"{inside}.bias"] = torch.from_numpy(bias)
        if not is_last:
            slopes = torch.from_numpy(next(rest)).flatten()
            named[f"{inside.replace('conv', 'prelu')}.weight"] = slopes
    return named


def _kernel(kernel: NDArray[np.float32], name: str) -> Tensor:
    """(O, I, H, W) of (H, W, I, O); (O, I) of (I, O), whose inputs are a map's (W, H, C)."""
    if kernel.ndim == 4:
        return torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
    if name.startswith("features."):
        maps = kernel.reshape(3, 3, -1, kernel.shape[1]).transpose(2, 0, 1, 3)
        kernel = maps.reshape(kernel.shape)
    return torch.from_numpy(np.ascontiguousarray(kernel.T))
