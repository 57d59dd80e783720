"""Weight files: found by name, identified by content, read without running anything in them."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from avel.extractors.weights.torchscript import is_torchscript, read_torchscript

LFS_STUB = b"version https://git-lfs"


class WeightsError(Exception):
    """A weight file is missing, damaged or another model's; says which and what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights and where it was found."""

    path: Path
    found_in: str
    sha256: str


@dataclass(frozen=True)
class Weights:
    """The files that together are one extractor's weights."""

    files: tuple[WeightsFile, ...]

    @property
    def sha256(self) -> str:
        """Of the one file, or of the files' sha256 in their order."""
        if len(self.files) == 1:
            return self.files[0].sha256
        return hashlib.sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()

    @property
    def source(self) -> str:
        """The files' paths, for messages."""
        return " + ".join(str(file.path) for file in self.files)


def find_weights(file_names: Sequence[str], given: Sequence[Path] = ()) -> Weights:
    """The given files, else the named ones: `find_file` says where they are looked for.

    Raises:
        WeightsError: one is in none of the places; names them all.
    """
    for path in given:
        if not path.is_file():
            raise WeightsError(f"{path}: no such weight file; give the path of one with --weights")
    files = [_identified(path, "given") for path in given] or [find_file(n) for n in file_names]
    return Weights(tuple(files))


def find_file(file_name: str) -> WeightsFile:
    """Look a file up in `AVEL_WEIGHTS_DIR`, the package and the user's weights folder.

    Raises:
        WeightsError: it is in none of them; names all places.
    """
    for place, folder in weight_folders().items():
        if (folder / file_name).is_file():
            return _identified(folder / file_name, place)
    places = "; ".join(f"{place}: {folder}" for place, folder in weight_folders().items())
    raise WeightsError(
        f"{file_name}: not found ({places}); put it there or give its path with --weights"
    )


def weight_folders() -> dict[str, Path]:
    """Folders that are searched, in order, by why."""
    folders = {}
    if os.environ.get("AVEL_WEIGHTS_DIR"):
        folders["AVEL_WEIGHTS_DIR"] = Path(os.environ["AVEL_WEIGHTS_DIR"])
    folders["package"] = Path(__file__).parent
    data = os.environ.get("XDG_DATA_HOME") or os.fspath(Path.home() / ".local" / "share")
    folders["user"] = Path(data) / "avel" / "weights"
    return folders


def _identified(path: Path, found_in: str) -> WeightsFile:
    with path.open("rb") as file:
        if file.read(len(LFS_STUB)) == LFS_STUB:
            raise WeightsError(
                f"{path}: is a git-LFS pointer of {path.stat().st_size} bytes, not the weights; "
                "run `git lfs pull` where it came from or download the file itself"
            )
    return WeightsFile(path, found_in, sha256_of(path))


def sha256_of(path: Path) -> str:
    """Sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def user_folder() -> Path:
    """Where `avel weights add` and `fetch` put files: `AVEL_WEIGHTS_DIR`, else the user's own."""
    folders = weight_folders()
    return folders.get("AVEL_WEIGHTS_DIR", folders["user"])


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
        raise WeightsError(f"{path}: cannot be read as weights ({err}); download it again") from err
    except WeightsError:
        raise
    except Exception as err:  # torch raises pickle's own error for anything but tensors
        raise WeightsError(f"{path}: holds more than tensors and is not loaded ({err})") from err
    return {key.removeprefix("module."): value for key, value in tensors.items()}


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
