"""Three troubles of a cache: it refuses to be used, does not answer now, or holds damage.

*Unavailable* (rights, descriptors, memory, a disk or share that does not answer) says nothing about
what a file holds, so nothing is condemned, deleted or computed again for it. *Damaged* is what was
read and is wrong.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RIGHTS = "give this user the right to read it"
DESCRIPTORS = "raise the number of files that may be open (`ulimit -n`) or give fewer --workers"
MEMORY = "leave it more memory, or give fewer --workers"
DISK = "see whether its disk or network share answers (`dmesg`, `mount`)"
REMEDIES = {
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.EMFILE: DESCRIPTORS,
    errno.ENFILE: DESCRIPTORS,
    errno.ENOMEM: MEMORY,
}
"""What to do by errno; anything else is the disk's."""
PASSING = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.ETIMEDOUT),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EREMOTEIO),
}
"""Refusals to write that say nothing against the folder, so that another one is no remedy."""
FULL = {errno.ENOSPC, errno.EDQUOT}


class CacheError(Exception):
    """The cache folder cannot be used; says why and what to do."""


class CacheUnavailable(CacheError):
    """The system does not hand out a file or folder now; what it holds may well be sound."""


class CacheFull(CacheError):
    """The disk is full; what is published is kept, the rest can be written once there is room."""


class DamagedShard(Exception):
    """A shard was read, and what it says cannot be trusted."""


def unavailable(path: Path, err: OSError | MemoryError) -> CacheUnavailable:
    """The error to raise where the system refused to read `path`."""
    number = errno.ENOMEM if isinstance(err, MemoryError) else err.errno
    why = os.strerror(number) if number else str(err)
    remedy = REMEDIES.get(number or 0, DISK)
    return CacheUnavailable(
        f"{path}: cannot be read now ({why}), which does not make it damaged; {remedy}, and run "
        "again"
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell a refusal of the system from damage, in a block that reads `path` by plain I/O.

    Raises:
        CacheUnavailable: the system refused.
        FileNotFoundError: there is no such file, which only the caller can judge; also where what
            should be its folder is a file.
    """
    try:
        yield
    except NotADirectoryError as err:
        raise FileNotFoundError(err.errno, err.strerror, str(path)) from err
    except FileNotFoundError:
        raise
    except (OSError, MemoryError) as err:
        raise unavailable(path, err) from err


@contextmanager
def writing(
    path: Path,
    *,
    room: str = "(`avel cache gc`) or give another folder with --cache-dir",
    folder: str = "with --cache-dir or AVEL_CACHE_DIR",
) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence with a remedy.

    Args:
        path: What is written; named in the sentence.
        room: How space may be found, after "Free some space".
        folder: How another folder is given, after "give a writable folder".

    Raises:
        CacheUnavailable: the disk or the process is in trouble, whatever the folder, or it is gone.
        CacheFull: the disk is full.
        CacheError: the folder is not writable.
    """
    try:
        yield
    except OSError as err:
        why = err.strerror or str(err)
        if err.errno in FULL:
            raise CacheFull(
                f"{path}: the disk is full; everything published before is kept. Free some space "
                f"{room}, and run again"
            ) from err
        if err.errno == errno.ENOENT:
            raise CacheUnavailable(
                f"{path}: is not there, or is gone since it was opened; mount or restore it, and "
                "run again"
            ) from err
        if err.errno in PASSING:
            raise CacheUnavailable(
                f"{path}: cannot be written now ({why}); {REMEDIES.get(err.errno, DISK)}, and run "
                "again"
            ) from err
        raise CacheError(
            f"{path}: cannot be written ({why}); give a writable folder {folder}"
        ) from err
