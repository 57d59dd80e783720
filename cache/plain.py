"""Plain reading and writing of files and folders, where the system's own errno is seen.

`Path.glob`, `Path.exists` and HDF5 hide it: a folder that may not be listed looks empty.
"""

import ctypes
import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.cache.errors import reading

CHUNK = 1 << 18
"""Bytes read at a time where they are only looked at: they stay in the processor's cache."""
MOST_PIECES = 1_024
"""That the system takes in one call; IOV_MAX."""
PROT_READ, MAP_SHARED = 1, 1
MADV_POPULATE_READ = 22
MAP_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long),
)
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def listing(folder: Path) -> list[str] | None:
    """Names in a folder, in order; None where there is no such folder.

    Raises:
        CacheUnavailable: it cannot be listed now.
    """
    try:
        with reading(folder):
            return sorted(os.listdir(folder))
    except FileNotFoundError:
        return None


def exists(path: Path) -> bool:
    """Whether there is such a file or folder.

    Raises:
        CacheUnavailable: the system does not say.
    """
    try:
        with reading(path):
            path.stat()
    except FileNotFoundError:
        return False
    return True


def read_text(path: Path) -> str | None:
    """A whole small file, bytes that are no UTF-8 replaced; None where there is none.

    Raises:
        CacheUnavailable: it cannot be read now.
    """
    try:
        with reading(path):
            return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor for reading `path`.

    Raises:
        CacheUnavailable: opening it, or reading in the block, is refused.
        FileNotFoundError: there is no such file.
    """
    with reading(path):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield handle
        finally:
            os.close(handle)


def read_at(handle: int, offset: int, size: int) -> NDArray[np.uint8]:
    """Bytes (size,) of an open file from `offset`; fewer where it ends before."""
    found = np.empty(size, np.uint8)
    done = 0
    while done < size:
        count = os.preadv(handle, [found[done:].data], offset + done)
        if not count:
            break
        done += count
    return found[:done]


def write_at(handle: int, offset: int, data: bytes | memoryview) -> None:
    """Write all of `data` into an open file from byte `offset`."""
    left = memoryview(data)
    while left:
        count = os.pwrite(handle, left, offset)
        offset, left = offset + count, left[count:]


def write_all_at(handle: int, offset: int, arrays: Sequence[NDArray[np.generic]]) -> None:
    """Write contiguous arrays (rows, ...) one after another from byte `offset`."""
    for first in range(0, len(arrays), MOST_PIECES):
        some = arrays[first : first + MOST_PIECES]
        size = sum(array.nbytes for array in some)
        done = os.pwritev(handle, some, offset) if size else 0
        if done < size:  # a disk that is full, or a signal
            write_at(handle, offset + done, b"".join(some)[done:])
        offset += size


def chunks(handle: int, offset: int, size: int) -> Iterator[NDArray[np.uint8]]:
    """The bytes that `read_at` gives, in pieces; each is overwritten by the next."""
    buffer = np.empty(min(size, CHUNK), np.uint8)
    while size > 0:
        count = os.preadv(handle, [buffer[:size].data], offset)
        if not count:
            return
        yield buffer[:count]
        offset, size = offset + count, size - count


class FileMap:
    """A file's first bytes (size,) in memory, unmapped when the last view of them is gone.

    Python's own maps keep a descriptor each before 3.13, of which a process has about a thousand.

    Raises:
        OSError: no memory or no map is left.
    """

    def __init__(self, handle: int, size: int) -> None:
        self._size = size
        self._address: int | None = None
        address = _libc.mmap(None, size, PROT_READ, MAP_SHARED, handle, 0)
        if address == MAP_FAILED:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._address = address
        self.__array_interface__ = {
            "version": 3,
            "shape": (size,),
            "typestr": "|u1",
            "data": (address, True),  # read-only
        }

    def release(self, address: int, size: int) -> None:
        """Let the kernel take back the memory of `size` bytes from `address`; a read brings them.

        What is read of a long item would else count as this process's memory for ever.
        """
        first = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
        whole = (address + size - first) // mmap.PAGESIZE * mmap.PAGESIZE
        if whole > 0:
            _libc.madvise(first, whole, mmap.MADV_DONTNEED)

    def populate(self, offset: int, size: int) -> bool:
        """Read `size` bytes from `offset` into memory, in one call instead of a fault a page.

        False where that fails: touching the map might then end the process by SIGBUS. It is also
        False before Linux 5.14, and elsewhere.
        """
        if self._address is None or not size:
            return not size
        first = offset - offset % mmap.PAGESIZE
        address, length = self._address + first, offset + size - first
        return bool(_libc.madvise(address, length, MADV_POPULATE_READ) == 0)

    def __del__(self) -> None:
        if self._address is not None:
            _libc.munmap(self._address, self._size)


def release(array: NDArray[np.generic]) -> None:
    """Give back the bytes of an array that is read from a file's map; others keep theirs."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, FileMap) and array.flags.c_contiguous:
        owner.release(array.__array_interface__["data"][0], array.nbytes)
