"""The files in which YAMNet is published, as one state dict: tflite, and Keras's arrays."""

import re
from collections.abc import Mapping
from math import pi
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avel.extractors.sound.declarations import YAMNET
from avel.extractors.sound.mel import mel_bands
from avel.extractors.weights.files import Weights, WeightsError
from avel.extractors.weights.tensors import read_all
from avel.extractors.weights.tflite import is_tflite, read_tflite

WINDOW, FFT, BINS, BANDS = 400, 512, 257, 64
"""Samples of a frame and of its transform, frequencies, mel bands."""
HDF5 = b"\x89HDF"
IN_TFLITE = re.compile(r"yamnet_frames/(layer\d+/\w*conv)/.*")
DENSE, DENSE_BIAS = "yamnet_frames/dense/MatMul", "yamnet_frames/dense/BiasAdd/"
FRONT = "yamnet_frames/tf_op_layer_"
PARTS = ("Mul/Mul/y", "MatMul/MatMul", "MatMul_1/MatMul_1", "MatMul_2/MatMul_2")
"""Of the front end: window, cosines, sines, mel bands."""
CONVOLUTIONS = (
    "layer1.conv",
    *(f"layer{i}.{kind}_conv" for i in range(2, 15) for kind in ("depthwise", "pointwise")),
)
"""In the order in which they run; a norm follows each in Keras's file."""
SAMPLE_RATE = YAMNET.cut["sample_rate"]
LOWEST, HIGHEST = 125.0, 7500.0
"""Mel bands between two frequencies in Hz."""
KERAS_EPS = 1e-4
"""Of the published BatchNorm (params.py)."""


def yamnet_tensors(weights: Weights) -> dict[str, Tensor]:
    """Weights and biases by this network's names, BatchNorm folded.

    Args:
        weights: `yamnet.tflite`, or what `avel weights convert` made of `yamnet.h5`.

    Raises:
        WeightsError: it is another file, cut, or still in Keras's form.
    """
    path = weights.files[0].path
    if is_tflite(path):
        return _named(read_tflite(path))
    if _is_hdf5(path):
        raise WeightsError(
            f"{path}: is in Keras's form; `avel weights add {path}` makes {path.stem}.safetensors "
            "of it, which is read"
        )
    return read_all(weights)


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == HDF5


def _named(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A tflite's constants by our names: kernels (O, I, H, W) of (O, H, W, I) or (1, H, W, O)."""
    named = {}
    for name, value in found.items():
        if name == DENSE:
            named["dense.weight"] = value
        elif name.startswith(DENSE_BIAS):
            named["dense.bias"] = value
        elif match := IN_TFLITE.fullmatch(name):
            layer = match[1].replace("/", ".")
            if value.dim() == 1:
                named[f"{layer}.bias"] = value
            else:
                order = (3, 0, 1, 2) if "depthwise" in layer else (0, 3, 1, 2)
                named[f"{layer}.weight"] = value.permute(order).contiguous()
    front = [found[FRONT + part] for part in PARTS if FRONT + part in found]
    return {**named, **_front(*front)} if len(front) == len(PARTS) else named


def _front(window: Tensor, cosines: Tensor, sines: Tensor, mel: Tensor) -> dict[str, Tensor]:
    """The window and the transform of frames centred in it as one matrix, and the mel bands.

    Args:
        window: (1, 400).
        cosines: (257, 512).
        sines: (257, 512).
        mel: (64, 257).
    """
    side = (FFT - WINDOW) // 2
    both = torch.cat([cosines, sines])[:, side : side + WINDOW]
    return {"transform": (both * window).T.contiguous(), "mel": mel.T.contiguous()}


def exact_front() -> dict[str, Tensor]:
    """The same matrices without the file's 8 bits."""
    angles = torch.outer(torch.arange(BINS).double(), torch.arange(FFT).double()) * (2 * pi / FFT)
    window = torch.hann_window(WINDOW, dtype=torch.float64)[None]
    mel = mel_bands(BANDS, FFT, SAMPLE_RATE, LOWEST, HIGHEST)
    front = _front(window, angles.cos(), angles.sin(), mel.T)
    return {name: value.float() for name, value in front.items()}


def keras_tensors(arrays: Mapping[str, NDArray[np.float32]], source: object) -> dict[str, Tensor]:
    """The state that is in the published Keras file, BatchNorm folded, with the exact front end.

    Layers are taken in their order, as Keras itself loads this file; their names do not matter.

    Args:
        arrays: By `<layer>/<part>`, in the file's own order and shapes: kernels (H, W, I, O), of
            depthwise convolutions (H, W, O, 1), of the last layer (I, O).
        source: The file, for messages.

    Raises:
        WeightsError: it has other layers than YAMNet.
    """
    layers: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name, value in arrays.items():
        layer, part = name.rsplit("/", 1)
        layers.setdefault(layer, {})[part] = value
    parts = list(layers.values())
    wanted = 2 * len(CONVOLUTIONS) + 1
    if len(parts) != wanted:
        raise WeightsError(f"{source}: has {len(parts)} layers, YAMNet has {wanted}")
    state = exact_front()
    try:
        for i, name in enumerate(CONVOLUTIONS):
            state |= _folded(name, *parts[2 * i].values(), **parts[2 * i + 1])
        state["dense.weight"] = torch.from_numpy(parts[-1]["kernel"].T.copy())
        state["dense.bias"] = torch.from_numpy(parts[-1]["bias"])
    except (TypeError, KeyError, ValueError, RuntimeError) as err:
        raise WeightsError(f"{source}: has other layers than YAMNet ({err})") from err
    return state


def _folded(
    name: str,
    kernel: NDArray[np.float32],
    *,
    beta: NDArray[np.float32],
    moving_mean: NDArray[np.float32],
    moving_variance: NDArray[np.float32],
    gamma: NDArray[np.float32] | float = 1.0,
) -> dict[str, Tensor]:
    """A convolution with the norm after it, as one; the published norms have no gamma."""
    order = (2, 3, 0, 1) if "depthwise" in name else (3, 2, 0, 1)
    scale = gamma / np.sqrt(moving_variance + np.float32(KERAS_EPS))
    weight = kernel.transpose(order) * scale[:, None, None, None]
    return {
        f"{name}.weight": torch.from_numpy(np.ascontiguousarray(weight, np.float32)),
        f"{name}.bias": torch.from_numpy(np.asarray(beta - moving_mean * scale, np.float32)),
    }
