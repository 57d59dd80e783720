"""Why a video gave less than it should: reason codes and the error that carries one."""

import errno
from enum import StrEnum
from pathlib import Path


class Reason(StrEnum):
    """Fixed vocabulary for results, logs and exit reports (part of the results' schema)."""

    NO_AUDIO = "NO_AUDIO"
    NO_VIDEO = "NO_VIDEO"
    EMPTY = "EMPTY"
    TRUNCATED = "TRUNCATED"
    DECODE_ERROR = "DECODE_ERROR"
    UNSUPPORTED_CODEC = "UNSUPPORTED_CODEC"
    TIMEOUT = "TIMEOUT"
    OOM = "OOM"
    WORKER_CRASH = "WORKER_CRASH"
    MISSING_FILE = "MISSING_FILE"
    PERMISSION = "PERMISSION"
    UNAVAILABLE = "UNAVAILABLE"
    """The system does not hand the file out now (descriptors, memory, disk, share): run again."""
    ENCODE_ERROR = "ENCODE_ERROR"
    NAN_FEATURE = "NAN_FEATURE"
    ENCRYPTED = "ENCRYPTED"
    """What it holds is locked and there is no key."""
    DISCONTINUITY = "DISCONTINUITY"
    """Its time jumps: joined files or lost reception; time goes on from where it was."""
    NAN_AUDIO = "NAN_AUDIO"
    """Samples that are no number or infinite; they are silence."""
    HDR = "HDR"
    """Brighter than an ordinary screen shows; its pictures are brought down to one."""


class MediaError(Exception):
    """One file cannot be used; carries its reason code. Pickles across processes."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


NO_SUCH_FILE = {
    *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL),
}
NO_RIGHTS = {errno.EACCES, errno.EPERM}


def unreadable(path: Path, err: OSError) -> MediaError:
    """The error to raise where the system does not hand out `path`: its fault, or a passing one."""
    if err.errno in NO_SUCH_FILE:
        return MediaError(Reason.MISSING_FILE, f"{path}: is not a file")
    if err.errno in NO_RIGHTS:
        return MediaError(Reason.PERMISSION, f"{path}: may not be read; check its rights")
    why = err.strerror or str(err)
    return MediaError(
        Reason.UNAVAILABLE, f"{path}: cannot be read now ({why}); run again once it can"
    )


class InputError(ValueError):
    """What the user gave cannot be used as it is: exit code 2."""


class EnvironmentProblem(Exception):
    """Weights, a device or a folder that is needed is missing: exit code 4."""
