"""What a decoding child may not do, whatever is in a file: set once, before the first."""

import ctypes
import os
import resource
import signal
import sys

MOST_FILES = 16
"""A child has open: its video, its line to the parent, and what Python opens to import."""
MOST_GPU_FILES = 512
"""A child that uses a GPU: its driver's devices, and libraries."""
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def confine(data_bytes: int) -> None:
    """Take from this process what decoding never needs: it writes no file and leaves no core.

    Args:
        data_bytes: Memory of its own that it may map, in bytes; 0 for a child that uses a GPU,
            whose driver maps as it likes and has devices open.
    """
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: MOST_FILES if data_bytes else MOST_GPU_FILES,
    }
    if data_bytes:
        limits[resource.RLIMIT_DATA] = data_bytes
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """Let the kernel end this process when the parent dies, however that dies; Linux only.

    It speaks of the parent's *thread* that forked this process, so that must be its only one.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)
