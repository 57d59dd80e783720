"""Tensors of weight files, read without running anything in them, and put into networks."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from avel.extractors.weights.files import Weights, WeightsError, is_torchscript
from avel.extractors.weights.torchscript import read_torchscript


def read_all(weights: Weights) -> dict[str, Tensor]:
    """Tensors of all files together.

    Raises:
        WeightsError: a file cannot be read, or two files have a tensor of the same name.
    """
    merged: dict[str, Tensor] = {}
    for file in weights.files:
        tensors = read_tensors(file.path)
        if both := sorted(merged.keys() & tensors.keys()):
            raise WeightsError(f"{weights.source}: both have {_few(both)}; give one of them")
        merged.update(tensors)
    return merged


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a file on the CPU, `module.` prefixes stripped.

    Args:
        path: `.safetensors`, a checkpoint of `torch.save` (tensors by name, or those under its
            `state_dict`), or a TorchScript archive.

    Raises:
        WeightsError: the file is cut, of another kind, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            tensors: Mapping[str, Tensor] = load_file(path)
        elif is_torchscript(path):
            tensors = read_torchscript(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
            tensors = _state_dict(path, tensors)
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as err:
        raise WeightsError(
            f"{path}: cannot be read as weights ({_why(err)}); download it again"
        ) from err
    except WeightsError:
        raise
    except Exception as err:  # torch raises pickle's own error for anything but tensors
        raise WeightsError(
            f"{path}: holds more than tensors and is not loaded ({_why(err)})"
        ) from err
    return {key.removeprefix("module."): value for key, value in tensors.items()}


def _why(error: Exception) -> str:
    """The first sentence of an error; its kind where it has none, as those of pickle."""
    said = " ".join(str(error).split()).split(". ")[0].rstrip(".")
    return said if any(character.isalpha() for character in said) else type(error).__name__


def _state_dict(path: Path, content: object) -> Mapping[str, Tensor]:
    """The tensors by name of what a checkpoint holds; training scripts wrap them."""
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if isinstance(content, Mapping) and all(isinstance(v, Tensor) for v in content.values()):
        return content
    raise WeightsError(
        f"{path}: holds a {type(content).__name__} that is no mapping of names to tensors; "
        "give a checkpoint's state dict"
    )


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], source: object) -> None:
    """Copy tensors into a module by name, all of them, in the module's own precision.

    Raises:
        WeightsError: names or shapes differ; lists them.
    """
    own = module.state_dict()
    missing = sorted(own.keys() - tensors.keys())
    unexpected = sorted(tensors.keys() - own.keys())
    shapes = [
        f"{key}: file {tuple(tensors[key].shape)}, model {tuple(own[key].shape)}"
        for key in sorted(own.keys() & tensors.keys())
        if tensors[key].shape != own[key].shape
    ]
    if missing or unexpected or shapes:
        raise WeightsError(
            f"{source}: is not for this model; missing {_few(missing)}, "
            f"unexpected {_few(unexpected)}, other shapes {_few(shapes)}"
        )
    bad = [
        key
        for key, value in tensors.items()
        if value.is_floating_point() and not value.isfinite().all()
    ]
    if bad:
        raise WeightsError(
            f"{source}: has NaN or infinite values in {_few(bad)}; download it again"
        )
    module.load_state_dict({key: tensors[key].to(own[key].dtype) for key in own})


def _few(names: list[str]) -> str:
    if not names:
        return "none"
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest
