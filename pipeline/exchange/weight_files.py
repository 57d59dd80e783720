"""Weight files that a user brings: known by name, checked, put where avel looks."""

import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avel.cache.whole import replacing
from avel.extractors import EXTRACTORS, Choice, choose
from avel.extractors.weights.fetch import CHUNK, fetch
from avel.extractors.weights.files import (
    WeightsError,
    WeightsFile,
    find_file,
    find_weights,
    user_folder,
)
from avel.extractors.weights.registry import PUBLISHED, Published
from avel.pipeline.reasons import InputError
from avel.pipeline.work.progress import track

OTHER = "not the published file"


@dataclass(frozen=True)
class Known:
    """A file that avel knows by name: where it is, or why it cannot be used."""

    name: str
    found: WeightsFile | None
    problem: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether it is nowhere; else it is there and cannot be used."""
        return self.found is None and "not found" in self.problem

    @property
    def verdict(self) -> str:
        """Whether it is the published file: `as published`, `not the published file`, or empty."""
        return verdict(self.name, self.found.sha256) if self.found else ""

    @property
    def how_to_get(self) -> str:
        """What to do where it is missing or cannot be used; a download's size is in MB."""
        if not self.is_missing:
            return self.problem
        if self.name not in PUBLISHED:
            return f"your own copy: avel weights add {self.name}"
        entry = PUBLISHED[self.name]
        size = f"{entry.num_bytes / 1e6:.0f} MB"
        return f"{entry.content}, {size}, {entry.licence}: avel weights fetch {self.name}"


def verdict(name: str, sha256: str) -> str:
    """How a file's content stands to the published one of its name; empty where there is none."""
    if name not in PUBLISHED:
        return ""
    return "as published" if PUBLISHED[name].sha256 == sha256 else OTHER


def names() -> list[str]:
    """Names of all files that some extractor looks for, and of the published ones."""
    own = [name for extractor in EXTRACTORS.values() for name in extractor.files]
    return list(dict.fromkeys([*own, *PUBLISHED]))


def known_files() -> Iterator[Known]:
    """Every known file, looked for and hashed."""
    for name in names():
        try:
            yield Known(name, find_file(name))
        except WeightsError as err:
            yield Known(name, None, str(err))


def add(file: Path, known_as: str | None = None) -> WeightsFile:
    """Load a file into the model it is for, then copy it; nothing is replaced that is not whole.

    Raises:
        InputError: no extractor looks for a file of that name.
        WeightsError: it cannot be read, or is for another model.
    """
    found, name = find_weights((), [file]), known_as or file.name
    kinds = [extractor for extractor in EXTRACTORS.values() if name in extractor.files]
    if kinds:
        kinds[0].load(found)
    elif name not in names():
        known = ", ".join(names())
        raise InputError(f"{name}: no weight file avel knows; give --as one of {known}")
    target = user_folder() / name
    with replacing(target) as part:
        shutil.copyfile(file, part)
    return WeightsFile(target, "user", found.sha256)


def fetch_published(name: str) -> tuple[Published, Path]:
    """Download a published file to where avel looks, showing the MiB done; entry and path.

    Raises:
        InputError: no published file has that name.
        WeightsError: offline, or what came is not the published file.
    """
    if name not in PUBLISHED:
        raise InputError(f"{name}: not a published file; there are {', '.join(PUBLISHED)}")
    entry = PUBLISHED[name]
    return entry, fetch(entry, user_folder(), Megabytes(entry.num_bytes))


class Megabytes:
    """A download's bytes, shown as they come."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._counted = track(range(-(-total // CHUNK)), -(-total // CHUNK), "MiB")

    def update(self, num_bytes: int) -> None:
        """So many bytes more are there."""
        for _ in range(num_bytes // CHUNK):
            next(self._counted, None)

    def reset(self) -> None:
        """All bytes are there."""
        deque(self._counted, maxlen=0)

    def close(self) -> None:
        """It is done."""


def convert(extractor: str, files: Sequence[Path], out: Path) -> tuple[int, str]:
    """Check that files load, then write their tensors; the sources' sha256 go with them.

    Returns:
        The number of tensors, and where they are from.

    Raises:
        InputError: `out` is no .safetensors, or the extractor is a pair.
        WeightsError: a file cannot be read, or is for another model.
    """
    from safetensors.torch import save_file  # slow: loads torch

    if out.suffix != ".safetensors":
        raise InputError(f"--out {out}: must end in .safetensors")
    chosen = choose(extractor, files)
    if not isinstance(chosen, Choice):
        raise InputError(f"--extractor {extractor}: convert one extractor at a time")
    loaded = chosen.load()
    tensors = {k: v.contiguous() for k, v in loaded.tensors(chosen.weights).items()}
    sources = {f"source {file.path.name}": file.sha256 for file in chosen.weights.files}
    with replacing(out) as part:
        save_file(tensors, part, sources)
    return len(tensors), chosen.weights.source
