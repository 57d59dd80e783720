"""Features as WebDataset's tar files: `<key>.visual.npy`, `<key>.audio.npy`, …, `<key>.json`."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from avel.cache.arrays import bytes_of
from avel.pipeline.exchange.entries import Entry


class TarForm:
    """One tar file; the same items make the same bytes."""

    suffix = ".tar"

    def write(self, path: Path, entries: Iterable[Entry]) -> None:
        """Write a new file of items.

        Raises:
            OSError: the disk is full.
        """
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            for entry in entries:
                for name, array in entry.arrays.items():
                    _add(tar, f"{entry.key}.{name}.npy", _Npy(array))
                _add(tar, f"{entry.key}.json", io.BytesIO(json.dumps(dict(entry.info)).encode()))

    def keys(self, path: Path) -> Iterator[str]:
        """Keys of the items in a file.

        Raises:
            ValueError: it is no tar file.
        """
        try:
            with tarfile.open(path, "r:") as tar:
                yield from (m.name[: -len(".json")] for m in tar if m.name.endswith(".json"))
        except tarfile.TarError as err:
            raise ValueError(str(err)) from err


def _add(tar: tarfile.TarFile, name: str, file: Any) -> None:
    member = tarfile.TarInfo(name)  # time, owner and rights are always the same
    member.size = file.seek(0, io.SEEK_END)
    file.seek(0)
    tar.addfile(member, file)


class _Npy(io.RawIOBase):
    """A `.npy` file of an array, whose bytes are not copied: maps of long videos are large."""

    def __init__(self, array: NDArray[Any]) -> None:
        header = io.BytesIO()
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
        self._parts = (memoryview(header.getvalue()), bytes_of(array) if array.size else b"")
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        end = sum(map(len, self._parts))
        self._at = offset + (end if whence == io.SEEK_END else 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`, as `tarfile` asks for them."""
        found, at = [], self._at
        for part in self._parts:
            if at < len(part) and size > 0:
                piece = bytes(part[at : at + size])
                found.append(piece)
                size -= len(piece)
            at = max(0, at - len(part))
        read = b"".join(found)
        self._at += len(read)
        return read
