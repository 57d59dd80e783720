"""The child's side of decoding, in this process: slots, waiting, and every end of a job."""

import errno
import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media import child
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.messages import Job, Slot, understood
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.slots import ALIGN, ARRAYS, SLOTS, Slots, shared_file
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


class Parent:
    """The parent's end of a child that runs in a thread."""

    def __init__(self, line: Connection, slots: Slots) -> None:
        self.line, self.slots = line, slots

    def hear(self) -> Slot | MediaError | None:
        return understood(self.line.recv_bytes())


@pytest.fixture
def parent() -> Iterator[Parent]:
    ours, theirs = multiprocessing.Pipe()
    memory = shared_file(ALIGN + SLOTS * SLOT_BYTES)
    both = [Slots(memory, SLOT_BYTES) for _ in range(2)]
    thread = threading.Thread(target=child.serve, args=(theirs, both[0]))
    thread.start()
    yield Parent(ours, both[1])
    ours.close()
    thread.join(60)
    assert not thread.is_alive()  # the parent's end is its end


def plays(monkeypatch: pytest.MonkeyPatch, script: list[Segments | Exception]) -> None:
    def segments(*_: object, **__: object) -> Iterator[Segments]:
        for entry in script:
            if isinstance(entry, Exception):
                raise entry
            yield entry

    monkeypatch.setattr(child, "segment_video", segments)


JOB = Job(0, Path("v.mp4"), CUT, 64, 60.0)


def test_windows_lie_in_slots_and_a_free_one_is_waited_for(
    parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays(monkeypatch, [window(1), window(2), window(3)])
    parent.line.send(JOB)
    first, second = parent.hear(), parent.hear()
    assert isinstance(first, Slot)
    assert isinstance(second, Slot)
    assert {first.number, second.number} == {0, 1}
    assert not parent.line.poll(0)  # both are taken, so the third cannot come
    for value, slot in ((1, first), (2, second)):
        found = parent.slots.take(slot)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(found, name), getattr(window(value), name))
        assert (slot.duration, slot.flags) == (float(value), (Reason.TRUNCATED,))
    parent.line.send(second.number)
    third = parent.hear()
    assert isinstance(third, Slot)
    assert third.number == second.number
    np.testing.assert_array_equal(parent.slots.take(third).frames, window(3).frames)
    assert parent.hear() is None


def test_windows_that_are_known_are_not_sent_again(
    parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But each is a beat, so that a long way to the first new one is no standstill."""
    plays(monkeypatch, [window(1), window(2), window(3)])
    parent.line.send(Job(0, Path("v.mp4"), CUT, 64, 60.0, skip=2))
    slot = parent.hear()
    assert isinstance(slot, Slot)
    np.testing.assert_array_equal(parent.slots.take(slot).frames, window(3).frames)
    assert parent.hear() is None
    assert parent.slots.beats == 3


def test_a_job_after_one_that_failed(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    plays(monkeypatch, [window(1), MediaError(Reason.DECODE_ERROR, "v.mp4: broken")])
    parent.line.send(JOB)
    slot, failed = parent.hear(), parent.hear()
    assert isinstance(slot, Slot)
    assert str(failed) == "DECODE_ERROR: v.mp4: broken"
    parent.line.send(slot.number)
    plays(monkeypatch, [window(2)])
    parent.line.send(JOB)
    assert isinstance(parent.hear(), Slot)
    assert parent.hear() is None


def test_what_is_allowed_and_the_beat_go_to_the_reading(
    parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def segments(*_: object, reading: Reading, **__: object) -> Iterator[Segments]:
        assert reading.codecs == ("odd",)
        for _ in range(5):
            reading.beat()
        yield from ()

    monkeypatch.setattr(child, "segment_video", segments)
    parent.line.send(Job(0, Path("v.mp4"), CUT, 64, 60.0, codecs=("odd",)))
    assert parent.hear() is None
    assert parent.slots.beats == 5


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("odd"), "DECODE_ERROR: v.mp4: ZeroDivisionError: odd"),
        (MemoryError(), "OOM: v.mp4: out of memory while decoding; use fewer --workers"),
        (OSError(errno.EIO, "broken"), "UNAVAILABLE: v.mp4: cannot be read now (broken); run again once it can"),
        (child.FFmpegError(errno.EIO, "broken"), "DECODE_ERROR: v.mp4: FFmpegError: [Errno 5] broken"),
    ],
    ids=["unforeseen", "memory", "disk", "libav"],
)  # fmt: skip
def test_an_error_that_nobody_foresaw_is_the_files_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    plays(monkeypatch, [error])
    with pytest.raises(MediaError) as caught:
        list(child.windows(JOB, Reading(JOB.path)))
    assert str(caught.value).startswith(said)
