"""Why a video gave less than it should: reason codes and the error that carries one."""

from enum import StrEnum


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
    ENCODE_ERROR = "ENCODE_ERROR"
    NAN_FEATURE = "NAN_FEATURE"


PARTIAL = frozenset({Reason.NO_AUDIO, Reason.NO_VIDEO, Reason.TRUNCATED})
"""Reasons that come with a result: what could be read is there."""


class MediaError(Exception):
    """One file cannot be used; carries its reason code. Pickles across processes."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class InputError(ValueError):
    """What the user gave cannot be used as it is: exit code 2."""


class EnvironmentProblem(Exception):
    """Weights, a device or a folder that is needed is missing: exit code 4."""
