"""Decoding children that are forked from the test, so that they see what it patches."""

import ctypes
import faulthandler
import gc
import os
import signal
import socket
import time

import numpy as np
import pytest

from avel.pipeline.media import forkserver, lane, process
from avel.pipeline.media.limits import resident_bytes


class Here:
    """What stands for the server of children.

    A child begins with all memory of the process that it is forked from, which is a test run's by
    then: only what it takes beyond is its own. It inherits no garbage: collecting that would give
    back more than a child takes that is to be found out.
    """

    def __init__(self) -> None:
        self._before: dict[int, int] = {}

    def fork(self, descriptors: list[int], slot_bytes: int, data_bytes: int) -> int:
        gc.collect()
        gc.disable()
        try:
            ours = resident_bytes(os.getpid())
            pid = forkserver._fork(socket.socket(), descriptors, slot_bytes, data_bytes)
        finally:
            gc.enable()
        self._before[pid] = ours
        return pid

    def end(self, pid: int) -> int | None:
        return forkserver._ended(pid)

    def resident_bytes(self, pid: int) -> int:
        return max(0, resident_bytes(pid) - self._before[pid])


def fork_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let children be forked from this process, as long as the test lasts."""
    here = Here()
    monkeypatch.setattr(forkserver, "confine", lambda data_bytes: None)  # this one has files
    monkeypatch.setattr(process, "SERVER", here)
    monkeypatch.setattr(lane, "resident_bytes", here.resident_bytes)


def crash() -> None:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    ctypes.PyDLL(None).sleep(10_000)  # inside C, with Python's lock


EATEN_BYTES = 400 << 20


def eat() -> None:
    held = np.ones(EATEN_BYTES, np.uint8)
    time.sleep(10_000)
    del held


FAULTS = {"crash": crash, "hang": hang, "eat": eat}
