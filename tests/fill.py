"""The golden files' rule: weights and inputs that are functions of seed, name and shape alone."""

from pathlib import Path
from zlib import crc32

import numpy as np
import torch


def seed_of(golden: Path) -> int:
    return int((golden / "seed.txt").read_text())


def array(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.RandomState(crc32(f"{seed}:{name}".encode()))
    return rng.standard_normal(shape).astype(np.float32)


def weights(state: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    return {key: _value(key, tensor, seed) for key, tensor in state.items()}


def _value(key: str, tensor: torch.Tensor, seed: int) -> torch.Tensor:
    leaf, dims = key.rsplit(".", 1)[-1], tensor.dim()
    if not tensor.is_floating_point() or tensor.numel() == 0 or leaf == "window":
        return tensor.clone()
    noise = torch.from_numpy(array(key, tuple(tensor.shape), seed))
    if leaf == "running_var":
        return 1 + 0.2 * noise.tanh()
    if leaf in ("A_log", "fc") and dims <= 2:
        return tensor.float() + 0.1 * noise
    if leaf == "m":
        return 0.05 * noise.abs()
    if leaf in ("fb", "D") or (leaf == "weight" and dims == 1):
        return 1 + 0.1 * noise
    if dims <= 1:
        return (tensor.float() if dims == 0 else 0) + 0.1 * noise
    return noise / tensor[0].numel() ** 0.5
