"""Regular files alone are opened: a pipe would be waited for, a device read for ever."""

import io
import os
import stat
from pathlib import Path

from avel.pipeline.reasons import MediaError, Reason, unreadable

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
    stat.S_IFSOCK: "a socket",
}


def check_regular(path: Path) -> os.stat_result:
    """What the system knows of a file, its bytes among it, without opening it: a device may act.

    Raises:
        MediaError: MISSING_FILE, PERMISSION or UNAVAILABLE.
    """
    try:
        return _regular(path, path.stat())
    except (OSError, ValueError) as err:
        raise _unreadable(path, err) from err


def open_regular(path: Path) -> io.FileIO:
    """Open a file to read its bytes, without waiting for anything.

    What was opened is looked at once more: another may have taken the name meanwhile.

    Raises:
        MediaError: MISSING_FILE, PERMISSION or UNAVAILABLE.
    """
    check_regular(path)
    try:
        file = io.FileIO(path, opener=_without_waiting)
    except (OSError, ValueError) as err:
        raise _unreadable(path, err) from err
    try:
        _regular(path, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def _regular(path: Path, status: os.stat_result) -> os.stat_result:
    if stat.S_ISREG(status.st_mode):
        return status
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "something else")
    raise MediaError(Reason.MISSING_FILE, f"{path}: is {kind}, not a regular file")


def _unreadable(path: Path, err: OSError | ValueError) -> MediaError:
    if isinstance(err, OSError):
        return unreadable(path, err)
    return MediaError(Reason.MISSING_FILE, f"{path}: is not a file")  # a name with a NUL
