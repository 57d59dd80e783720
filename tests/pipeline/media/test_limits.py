"""What decoding may take, in numbers."""

import mmap
import os
import time

import numpy as np
import pytest

from avel.pipeline.media.limits import (
    GRACE_SECONDS,
    LEAST_DATA_BYTES,
    LIBRARY_BYTES,
    STUCK_SECONDS,
    DecodeLimits,
    processor_seconds,
    resident_bytes,
)


@pytest.mark.parametrize(
    ("timeout", "cells", "seconds"),
    [(600, 0, 600), (600, 600, 600), (600, 1200, 1200), (5, 60, 5), (5, 6_000, 50)],
)
def test_a_long_video_may_take_longer(timeout: float, cells: int, seconds: float) -> None:
    """The time is for each ten minutes of media, and never less than once."""
    limits = DecodeLimits(timeout_seconds=timeout)
    assert limits.total_seconds(cells) == seconds + GRACE_SECONDS


def test_standing_still_is_given_up_sooner() -> None:
    assert DecodeLimits(timeout_seconds=600).quiet_seconds == STUCK_SECONDS
    assert DecodeLimits(timeout_seconds=5).quiet_seconds == 5 + GRACE_SECONDS


def test_the_backstop_is_far_from_what_is_watched() -> None:
    """Just under its limit libav calls whole files broken, so the watch must come first."""
    for megabytes in (1, 200, 2048):
        limits = DecodeLimits(memory_bytes=megabytes << 20)
        assert limits.data_bytes >= LEAST_DATA_BYTES >= 1 << 30
        assert limits.data_bytes >= 2 * limits.memory_bytes


def test_resident_memory_is_what_a_process_holds_for_itself() -> None:
    before = resident_bytes(os.getpid())
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    held = mmap.mmap(-1, 64 << 20, flags)  # what an allocator gave back would be no growth
    np.frombuffer(held, np.uint8)[:] = 1
    assert 60 << 20 < resident_bytes(os.getpid()) - before < 80 << 20
    del held
    assert resident_bytes(1 << 22) == 0  # no such process


def test_a_process_says_what_it_has_used() -> None:
    before = processor_seconds(os.getpid())
    own = time.process_time()
    while time.process_time() - own < 0.02:
        pass
    assert 0.02 <= processor_seconds(os.getpid()) - before < 2
    assert processor_seconds(1 << 22) == 0  # no such process


def test_a_gpus_libraries_count_beside_a_video() -> None:
    """They map as they like, so that resident memory alone is watched."""
    plain, gpu = DecodeLimits(), DecodeLimits(device="cuda")
    assert (plain.resident_bytes, plain.data_bytes > 0) == (plain.memory_bytes, True)
    assert gpu.resident_bytes == plain.memory_bytes + LIBRARY_BYTES
    assert gpu.data_bytes == 0
