"""Memory that a process holds and does not need."""

import ctypes
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

MADV_DONTNEED = 4
"""Of Linux: what is mapped of a file is read again from it when it is next used."""
LIBRARY = re.compile(r"\.so(\.\d+)*$")
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)")
FIELD = re.compile(r"(\w+): +(\d+) kB")


class Mapping(NamedTuple):
    """A stretch of a process's memory.

    Attributes:
        start: Address of its first byte.
        stop: Address after its last one.
        allowed: What may be done with it, `r-xp` as Linux writes it.
        path: Of the file that it shows; empty for none.
        held: Bytes that are in memory.
        own: Of these, bytes that are no file's any more since they were written to.
    """

    start: int
    stop: int
    allowed: str
    path: str
    held: int
    own: int


def give_back_libraries() -> int:
    """Let go of what was read of shared libraries; how many bytes.

    The loader reads large tables of a library once. Those of torch's build for GPUs are 150 MB,
    also where there is no GPU. What is needed again comes back from the system's cache of files, at
    once and by itself. Nothing that may be written to, or ever was, is touched. Linux only; 0
    elsewhere.
    """
    if sys.platform != "linux":
        return 0
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    unwritten = [each for each in mappings(_smaps()) if _is_unwritten_library(each)]
    given = [each for each in unwritten if not advise(*_where(each), MADV_DONTNEED)]
    return sum(each.held for each in given)


def mappings(lines: Iterable[str]) -> Iterator[Mapping]:
    """What a process has mapped, by the lines of `/proc/PID/smaps`."""
    head, sizes = None, dict[str, int]()
    for line in [*lines, "0-0 ---- 0 0 0"]:
        if field := FIELD.match(line):
            sizes[field[1]] = int(field[2]) << 10
        elif found := MAPPING.match(line):
            if head is not None:
                start, stop, allowed, path = head.groups()
                held, own = sizes.get("Rss", 0), sizes.get("Anonymous", 0)
                yield Mapping(int(start, 16), int(stop, 16), allowed, path, held, own)
            head, sizes = found, {}


def _smaps() -> list[str]:
    try:
        return Path("/proc/self/smaps").read_text().splitlines()
    except OSError:  # a kernel without it
        return []


def _is_unwritten_library(mapping: Mapping) -> bool:
    is_private = mapping.allowed in ("r--p", "r-xp")
    return is_private and not mapping.own and bool(LIBRARY.search(mapping.path))


def _where(mapping: Mapping) -> tuple[int, int]:
    return mapping.start, mapping.stop - mapping.start
