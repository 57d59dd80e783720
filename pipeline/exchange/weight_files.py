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
    sha256_of,
    user_folder,
)
from avel.extractors.weights.registry import GROUPS, PUBLISHED, Published
from avel.pipeline.reasons import InputError
from avel.pipeline.work.progress import track

OTHER = "not the published file"
AS_A_COPY = "as a third-party copy; not compared with its publisher's record"
KERAS = ".h5"


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
        return f"{entry.content}, {entry.size}, {entry.licence}: avel weights fetch {self.name}"

    @property
    def doubt(self) -> str:
        """Why it cannot be verified against its publisher's record; empty where it can."""
        return PUBLISHED[self.name].doubt if self.name in PUBLISHED else ""


def verdict(name: str, sha256: str) -> str:
    """How a file's content stands to the published one of its name; empty where there is none."""
    if name not in PUBLISHED:
        return ""
    entry = PUBLISHED[name]
    if entry.sha256 is None:
        return entry.doubt
    if entry.sha256 != sha256:
        return f"{OTHER}, as far as is known: {entry.doubt}" if entry.doubt else OTHER
    return AS_A_COPY if entry.of_a_copy else "as published"


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
    if Path(name).suffix == KERAS and name in PUBLISHED:
        made = _readable(file, user_folder())
        return WeightsFile(made, "user", sha256_of(made))
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


def fetch_published(name: str) -> Iterator[tuple[Published, Path]]:
    """Download published files to where avel looks, showing the MiB done; entries and paths.

    Args:
        name: Of a published file, or of a group such as `everyday`.

    Raises:
        InputError: no published file or group has that name.
        WeightsError: offline, or what came is not the published file.
    """
    if name not in {*PUBLISHED, *GROUPS}:
        known = ", ".join([*GROUPS, *PUBLISHED])
        raise InputError(f"{name}: not a published file; there are {known}")
    for part in GROUPS.get(name, (name,)):
        entry = PUBLISHED[part]
        path = fetch(entry, user_folder(), Megabytes(entry.num_bytes or 0))
        yield entry, _readable(path, user_folder())


def _readable(file: Path, folder: Path) -> Path:
    """The file, or what is made of it where only Keras's form is published.

    Raises:
        WeightsError: it is in Keras's form, but not YAMNet.
    """
    if file.suffix != KERAS:
        return file
    from safetensors.torch import save_file  # slow: loads torch

    from avel.cache.ave_h5 import LayoutError
    from avel.cache.keras_h5 import read_keras
    from avel.extractors.sound.yamnet_files import keras_tensors

    try:
        tensors = keras_tensors(read_keras(file), file)
    except LayoutError as err:
        raise WeightsError(str(err)) from err
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{file.stem}.safetensors") as part:
        save_file(tensors, part, {f"source {file.name}": sha256_of(file)})
    return folder / f"{file.stem}.safetensors"


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
