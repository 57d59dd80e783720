"""The child's side of decoding, in this process: slots, waiting, and every end of a job."""

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.media import child
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import ARRAYS, Job, Slot
from avel.pipeline.reasons import MediaError, Reason

CUT = SegmentConfig(image_size=16, sample_rate=4_000)
SLOT_BYTES = 1 << 16


def window(value: int) -> Segments:
    return Segments(
        np.full((2, 1, 3, 16, 16), value, np.uint8),
        np.full((2, 4_000), value, np.int16),
        np.array([True, False]),
        np.array([False, True]),
        float(value),
        (Reason.TRUNCATED,),
    )


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Connection, np.ndarray]]:
    """The parent's end, and the memory, of a child that runs in a thread."""
    monkeypatch.setattr(child, "die_with_parent", lambda: None)
    monkeypatch.setattr(child.signal, "signal", lambda *_: None)
    ours, theirs = multiprocessing.Pipe()
    ring = bytearray(2 * SLOT_BYTES)
    thread = threading.Thread(target=child.serve, args=(theirs, ring, SLOT_BYTES, 2))
    thread.start()
    yield ours, np.frombuffer(ring, np.uint8)
    ours.close()
    thread.join(60)
    assert not thread.is_alive()  # the parent's end is its end


def read(memory: np.ndarray, slot: Slot) -> dict[str, Any]:
    found = {}
    for name, (at, shape, kind) in zip(ARRAYS, slot.arrays, strict=True):
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        found[name] = memory[at : at + size].view(kind).reshape(shape).copy()
    return found


def plays(monkeypatch: pytest.MonkeyPatch, script: list[Segments | Exception]) -> None:
    def segments(*_: object, **__: object) -> Iterator[Segments]:
        for entry in script:
            if isinstance(entry, Exception):
                raise entry
            yield entry

    monkeypatch.setattr(child, "segment_video", segments)


JOB = Job(0, Path("v.mp4"), CUT, 64, 60.0)


def test_windows_lie_in_slots_and_a_free_one_is_waited_for(
    pipe: tuple[Connection, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, memory = pipe
    plays(monkeypatch, [window(1), window(2), window(3)])
    ours.send(JOB)
    first, second = ours.recv(), ours.recv()
    assert {first.number, second.number} == {0, 1}
    assert not ours.poll(0)  # both are taken, so the third cannot come
    for value, slot in ((1, first), (2, second)):
        found = read(memory, slot)
        for name in ARRAYS:
            np.testing.assert_array_equal(found[name], getattr(window(value), name))
        assert (slot.duration, slot.flags) == (float(value), (Reason.TRUNCATED,))
    ours.send(second.number)
    third = ours.recv()
    assert third.number == second.number
    np.testing.assert_array_equal(read(memory, third)["frames"], window(3).frames)
    assert ours.recv() is None


def test_a_job_after_one_that_failed(
    pipe: tuple[Connection, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _ = pipe
    plays(monkeypatch, [window(1), MediaError(Reason.DECODE_ERROR, "v.mp4: broken")])
    ours.send(JOB)
    slot, failed = ours.recv(), ours.recv()
    assert str(failed) == "DECODE_ERROR: v.mp4: broken"
    ours.send(slot.number)
    plays(monkeypatch, [window(2)])
    ours.send(JOB)
    assert isinstance(ours.recv(), Slot)
    assert ours.recv() is None
