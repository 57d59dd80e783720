"""The memory that a child shares with its parent: what is put in comes out, and nothing else."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.context import cells_after, cells_before
from avel.pipeline.media.messages import Slot
from avel.pipeline.media.slots import (
    ALIGN,
    ARRAYS,
    SLOT_BYTES,
    SLOTS,
    Slots,
    room_for,
    shared_file,
)
from avel.pipeline.reasons import Reason

SMALL = 1 << 14


@pytest.fixture
def sides() -> tuple[Slots, Slots]:
    """The child's and the parent's."""
    descriptor = shared_file(ALIGN + SLOTS * SMALL)
    try:
        return Slots(descriptor, SMALL), Slots(descriptor, SMALL)
    finally:
        os.close(descriptor)


def window(value: int) -> Segments:
    return Segments(
        np.arange(2 * 3 * 7 * 7, dtype=np.uint8).reshape(2, 1, 3, 7, 7) + np.uint8(value),
        np.arange(2 * 101, dtype=np.int16).reshape(2, 101) - np.int16(value),
        np.array([True, False]),
        np.array([False, True]),
        1.5,
        (Reason.TRUNCATED, Reason.NO_AUDIO),
        before=np.full((1, 101), value, np.int16),
        after=np.full((3, 101), -value, np.int16),
    )


def test_windows_come_out_as_they_were_put_in(sides: tuple[Slots, Slots]) -> None:
    child, parent = sides
    placed = [child.put(number, window(number + 1), 9.0) for number in range(SLOTS)]
    for number, slot in enumerate(placed):
        found, expected = parent.take(slot), window(number + 1)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
            assert getattr(found, name).dtype == getattr(expected, name).dtype
        assert (found.duration, found.flags) == (expected.duration, expected.flags)
        assert slot.promised == 9.0


def test_what_was_taken_is_a_copy(sides: tuple[Slots, Slots]) -> None:
    child, parent = sides
    found = parent.take(child.put(0, window(1), 0.0))
    child.put(0, window(9), 0.0)
    np.testing.assert_array_equal(found.samples, window(1).samples)


def test_beats_are_counted_beside_the_windows(sides: tuple[Slots, Slots]) -> None:
    child, parent = sides
    slot = child.put(0, window(1), 0.0)
    for _ in range(3):
        child.beat()
    assert (parent.beats, child.beats) == (3, 3)
    np.testing.assert_array_equal(parent.take(slot).frames, window(1).frames)


@pytest.mark.parametrize(
    "lie",
    [
        {"number": SLOTS},
        {"number": -1},
        {"number": 1},  # its arrays lie in slot 0
        {"arrays": ()},
        {"arrays": ((0, (SMALL + 1,), "|u1"),) * len(ARRAYS)},
        {"arrays": ((-1, (1,), "|u1"),) * len(ARRAYS)},
        {"arrays": ((SMALL, (1,), "|u1"),) * len(ARRAYS)},
        {"arrays": ((0, (1 << 40, 1 << 40), "<i2"),) * len(ARRAYS)},
        {"arrays": ((0, (-1, -4), "|u1"),) * len(ARRAYS)},
        {"arrays": ((0, (1,), "|O8"),) * len(ARRAYS)},
    ],
)
def test_what_cannot_be_is_not_taken(sides: tuple[Slots, Slots], lie: dict) -> None:
    """A child may have been taken over by what it decodes."""
    child, parent = sides
    slot = child.put(0, window(1), 0.0)
    with pytest.raises(ValueError, match=r"lie in no slot|no window lies in slot"):
        parent.take(replace(slot, **lie))


@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("views", [0, 8])
@pytest.mark.parametrize("lengths", [(), (2,), (30,)])
@pytest.mark.parametrize("size", [16, 224, 1024])
def test_a_slot_has_room_for_all_that_a_window_may_carry(
    rate: int, views: int, lengths: tuple[int, ...], size: int
) -> None:
    config = SegmentConfig(2, size, sample_rate=rate, sound_seconds=lengths, views=views)
    room = room_for(config, 64)
    count, longest = room.window_cells, max(lengths, default=0)
    assert 1 <= count <= 64
    pictures, second = 2 * (1 + views) * 3 * size**2, 2 * rate
    for first in (0, 1, longest, 100):
        after = cells_after(first, count, longest)
        before = cells_before(first, count, after, longest)
        arrays = (count * pictures, count * second, count, count, before * second, after * second)
        assert sum(-(-size // ALIGN) * ALIGN for size in arrays) <= room.slot_bytes
    if not lengths and not views:  # as ever
        assert count == max(1, min(64, (SLOT_BYTES - 384 - 128) // (pictures + second)))
    assert room.total_bytes == ALIGN + SLOTS * room.slot_bytes


def test_the_memory_has_no_name_and_needs_no_dev_shm() -> None:
    """Containers have 64 MB of /dev/shm, and what lies there outlives a kill."""
    before = set(Path("/dev/shm").iterdir()) if Path("/dev/shm").exists() else set()
    descriptor = shared_file(1 << 20)
    try:
        assert os.fstat(descriptor).st_size == 1 << 20
        assert "/dev/shm" not in os.readlink(f"/proc/self/fd/{descriptor}")
        assert not os.get_inheritable(descriptor)
        if before:
            assert set(Path("/dev/shm").iterdir()) == before
        slots = Slots(descriptor, (1 << 19) - ALIGN)
    finally:
        os.close(descriptor)
    slots.beat()
    assert slots.beats == 1


def test_elsewhere_a_file_without_a_name_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avel.pipeline.media.slots.sys.platform", "darwin")
    descriptor = shared_file(ALIGN + SLOTS * SMALL)
    try:
        child, parent = Slots(descriptor, SMALL), Slots(descriptor, SMALL)
        assert os.fstat(descriptor).st_nlink == 0
    finally:
        os.close(descriptor)
    slot = child.put(1, window(4), 0.0)
    assert isinstance(slot, Slot)
    np.testing.assert_array_equal(parent.take(slot).samples, window(4).samples)
