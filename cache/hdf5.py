"""HDF5 kept away from disks: files are drawn in memory and written by plain I/O.

The library does not survive a full disk: an ENOSPC inside it leaves it broken, and the process dies
when it next reads. Here it meets no disk when it writes, and when it reads, the system is asked
first, so that its refusal is not taken for damage.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import DTypeLike

from avel.cache.errors import reading, unavailable
from avel.cache.plain import CHUNK, write_at


class Drawing(io.RawIOBase):
    """A file in memory that keeps what is written and nothing between.

    Room that HDF5 reserves for an array and does not fill costs no memory, whatever its size.
    """

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        """What was written where, in bytes; later ones win where they overlap."""
        self.size = 0
        """Bytes of the whole file."""
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = start + offset
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self.pieces.append((self._at, piece))
        self._at += len(piece)
        self.size = max(self.size, self._at)
        return len(piece)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with bytes from the present position; what was never written is zeros."""
        first, found = self._at, bytearray(len(buffer))
        for offset, piece in self.pieces:
            low, high = max(offset, first), min(offset + len(piece), first + len(found))
            if low < high:
                found[low - first : high - first] = piece[low - offset : high - offset]
        buffer[:] = found
        self._at += len(found)
        return len(found)

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size

    def paint(self, handle: int) -> None:
        """Write the pieces into a new, open file and give it its size in bytes, the rest zeros."""
        os.ftruncate(handle, self.size)
        for offset, piece in self.pieces:
            write_at(handle, offset, piece)


@contextmanager
def drawing(**options: Any) -> Iterator[tuple[h5py.File, Drawing]]:
    """An HDF5 file to make in memory; its drawing is whole when the block ends."""
    paper = Drawing()
    with h5py.File(paper, "w", **options) as file:
        yield file, paper


def reserve(group: h5py.Group, name: str, shape: Sequence[int], dtype: DTypeLike) -> int:
    """Make a contiguous dataset without filling it; its byte offset in the file, 0 where empty."""
    room = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    room.set_layout(h5py.h5d.CONTIGUOUS)
    room.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    room.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind = h5py.h5t.py_create(np.dtype(dtype), logical=True)
    space = h5py.h5s.create_simple(tuple(shape))
    dataset = h5py.h5d.create(group.id, name.encode(), kind, space, dcpl=room)
    return int(dataset.get_offset()) if all(shape) else 0


def open_hdf5(path: Path) -> h5py.File:
    """An HDF5 file to read; close it.

    Raises:
        CacheUnavailable: the system refuses to open or read the file.
        FileNotFoundError: there is none.
        OSError: the file can be read and is no sound HDF5 file.
    """
    with reading(path), path.open("rb"):
        pass
    with reading_hdf5(path):
        return h5py.File(path, "r", locking=False)


@contextmanager
def reading_hdf5(path: Path) -> Iterator[None]:
    """Tell a refusal of the system from damage, in a block where HDF5 reads `path`.

    Raises:
        CacheUnavailable: the system refuses to read the file.
        OSError: as it was, where the file can be read and HDF5 finds no sense in it.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, MemoryError) as err:
        if isinstance(err, MemoryError) or err.errno:
            raise unavailable(path, err) from err
        with reading(path), path.open("rb", buffering=0) as file:  # not every refusal has an errno
            while file.read(CHUNK):
                pass
        raise
