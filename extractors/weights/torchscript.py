"""Tensors of a TorchScript archive, with none of its code loaded.

OpenAI publishes CLIP as such archives. Their parameters lie in the same zip layout as any
checkpoint's, held by objects of the archive's own classes; those become inert nodes here.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

OWN_NAMES = ("__torch__.", "torch.jit._pickle.")
"""Classes that an archive defines itself, and TorchScript's builders of typed lists."""


class _Node:
    """Stands for an object of the archive; keeps its attributes, does nothing."""

    def __init__(self, *_: Any) -> None:
        pass


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by their dotted names, on the CPU.

    Raises:
        ValueError: it holds objects of other kinds than TorchScript's own.
    """
    plain = _without_code(path)
    names = torch.serialization.get_unsafe_globals_in_checkpoint(plain)
    strange = [name for name in names if not name.startswith(OWN_NAMES)]
    if strange:
        raise ValueError(f"holds {strange[0]}, which no TorchScript archive does")
    plain.seek(0)
    with torch.serialization.safe_globals([(_Node, name) for name in names]):
        root = torch.load(plain, map_location="cpu", weights_only=True)
    return dict(_walk(root, ""))


def _without_code(path: Path) -> io.BytesIO:
    """The archive as a plain checkpoint: data, without the code and its constants."""
    plain = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(plain, "w") as target:
        for entry in source.infolist():
            part = entry.filename.split("/")[1]
            if part not in ("code", "constants", "constants.pkl"):
                target.writestr(entry, source.read(entry))
    plain.seek(0)
    return plain


def _walk(node: _Node, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(node).items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Node):
            yield from _walk(value, f"{prefix}{name}.")
