"""A lane over a child that plays a part: what is said, tried again, given up, and replaced."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media import lane as lane_module
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.lane import MOST_ORPHANED, Lane
from avel.pipeline.media.limits import GRACE_SECONDS, MOST_VIDEOS, STUCK_SECONDS, DecodeLimits
from avel.pipeline.media.messages import MOST_BYTES, Ended, Job, Slot, Window, written
from avel.pipeline.media.slots import room_for
from avel.pipeline.reasons import MediaError, Reason

CUT = SegmentConfig(image_size=16, sample_rate=4_000)
JOB = Job(3, Path("v.mp4"), CUT, 2, 60.0)


def window(seconds: int) -> Segments:
    return Segments(
        np.zeros((seconds, 1, 3, 16, 16), np.uint8),
        np.zeros((seconds, 4_000), np.int16),
        np.ones(seconds, bool),
        np.ones(seconds, bool),
    )


class Part:
    """A child that says what the script says; all children of a test share it."""

    script: list[bytes | Exception | Segments]
    told: list[object]
    ended: list["Part"]
    code: int | None
    beats: int

    def __init__(self, room: object, data_bytes: int) -> None:
        self.connection = self.slots = self
        self.pid = 0
        assert data_bytes >= 1 << 30

    def send(self, said: object) -> None:
        if isinstance(self.told, list) and self.told and self.told[-1] == "dead":
            self.told.pop()
            raise BrokenPipeError
        self.told.append(said)

    def recv_bytes(self, most: int) -> bytes:
        assert most == MOST_BYTES
        said = self.script[0]
        if isinstance(said, Exception):
            raise self.script.pop(0)  # type: ignore[misc]
        if isinstance(said, Segments):
            return written(Slot(1, (), 0.0, (), (), 7.0))
        return self.script.pop(0)  # type: ignore[return-value]

    def take(self, slot: Slot) -> Segments:
        assert slot.number == 1
        return self.script.pop(0)  # type: ignore[return-value]

    def end(self) -> int | None:
        self.ended.append(self)
        return self.code


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> type[Part]:
    class Here(Part):
        script, told, ended, code, beats = [], [], [], -signal.SIGSEGV, 0

    monkeypatch.setattr(lane_module, "Child", Here)
    monkeypatch.setattr(lane_module, "resident_bytes", lambda pid: 50 << 20)
    return Here


@pytest.fixture
def lane(part: type[Part]) -> Lane:
    lane = Lane(room_for(CUT, 2), DecodeLimits(timeout_seconds=600))
    lane.begin(JOB)
    return lane


def test_windows_and_the_end(lane: Lane, part: type[Part]) -> None:
    first = window(2)
    part.script = [first, written(None)]
    (event,) = lane.read()
    assert isinstance(event, Window)
    assert (event.job, event.segments, event.promised) == (3, first, 7.0)
    assert part.told == [JOB, 1]  # the slot is free again
    assert list(lane.read()) == [Ended(3)]
    assert lane.job is None
    assert not part.ended


def test_a_reason_ends_the_video_not_the_child(lane: Lane, part: type[Part]) -> None:
    part.script = [written(MediaError(Reason.EMPTY, "v.mp4: none"))]
    (event,) = lane.read()
    assert isinstance(event, Ended)
    assert str(event.error) == "EMPTY: v.mp4: none"
    assert not part.ended


@pytest.mark.parametrize(
    "death", [EOFError(), ConnectionResetError(), OSError("too long"), b"{", b"[]"]
)
def test_a_death_or_a_lie_is_tried_once_more(
    lane: Lane, part: type[Part], death: Exception | bytes
) -> None:
    """The second try leaves out the windows that are here."""
    part.script = [window(2), window(2), death, window(1), written(None)]
    said = [event for _ in range(5) for event in lane.read()]
    assert [type(event).__name__ for event in said] == ["Window"] * 3 + ["Ended"]
    assert said[-1] == Ended(3)
    assert [job.skip for job in part.told if isinstance(job, Job)] == [0, 2]
    assert len(part.ended) == 1


def test_the_second_try_is_without_a_gpu(lane: Lane, part: type[Part]) -> None:
    """Whose driver may be what the first one died of."""
    part.script = [written(None), EOFError(), written(None)]
    assert list(lane.read()) == [Ended(3)]
    lane.begin(replace(JOB, device="cuda"))
    assert [event for _ in range(2) for event in lane.read()] == [Ended(3)]
    assert [job.device for job in part.told if isinstance(job, Job)] == ["", "cuda", ""]


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        (-signal.SIGSEGV, "SIGSEGV", "a codec's fault: convert it, ffmpeg -i in"),
        (1, "exit code 1", "a codec's fault"),
        (-signal.SIGKILL, "SIGKILL", "for want of memory, use fewer --workers"),
        (None, "it was ended from outside", "use fewer --workers"),
    ],
)
def test_two_deaths_are_the_videos_end(
    lane: Lane, part: type[Part], code: int | None, words: str, remedy: str
) -> None:
    part.code = code
    with_server = [EOFError()] * MOST_ORPHANED if code is None else []
    part.script = [window(2), *with_server, EOFError(), window(1), EOFError()]
    *_, event = [event for _ in range(4 + len(with_server)) for event in lane.read()]
    assert isinstance(event, Ended)
    assert event.error is not None
    assert event.error.reason == Reason.WORKER_CRASH
    assert event.error.message.startswith(
        f"v.mp4: the decoder died twice ({words}), the last time after 3 s of it; "
    )
    assert remedy in event.error.message
    assert len(part.ended) == 2 + len(with_server)
    assert lane.job is None
    part.script = [written(None)]
    lane.begin(JOB)  # the next video begins anew
    assert list(lane.read()) == [Ended(3)]


def test_a_child_that_went_with_its_server_costs_its_video_nothing(
    lane: Lane, part: type[Part]
) -> None:
    part.script = [window(2), EOFError(), EOFError(), window(1), written(None)]
    part.code = None
    said = [event for _ in range(5) for event in lane.read()]
    assert [type(event).__name__ for event in said] == ["Window", "Window", "Ended"]
    assert said[-1] == Ended(3)
    assert [job.skip for job in part.told if isinstance(job, Job)] == [0, 1, 1]


def test_a_child_that_died_while_idle_is_replaced(lane: Lane, part: type[Part]) -> None:
    part.script = [written(None)]
    list(lane.read())
    part.told.append("dead")
    lane.begin(JOB)
    assert len(part.ended) == 1
    assert part.told[-1] == JOB


def test_children_do_not_live_for_ever(lane: Lane, part: type[Part]) -> None:
    for _ in range(2 * MOST_VIDEOS):
        part.script = [written(None)]
        list(lane.read())
        lane.begin(JOB)
    assert len(part.ended) == 2


def test_standing_still_is_being_stuck(lane: Lane, part: type[Part]) -> None:
    assert lane.look(STUCK_SECONDS - 1) is None
    part.beats += 1  # a packet was read
    assert lane.look(STUCK_SECONDS - 1) is None
    assert lane.look(STUCK_SECONDS - 1) is None
    event = lane.look(2)
    assert event is not None
    assert event.error is not None
    assert event.error.reason == Reason.TIMEOUT
    assert "v.mp4: the decoder was stuck for 61 s and was killed" in event.error.message
    assert len(part.ended) == 1
    assert lane.look(1e9) is None  # it has nothing to do


def test_a_word_is_no_standing_still(lane: Lane, part: type[Part]) -> None:
    part.script = [window(1)] * 3
    for _ in range(3):
        assert lane.look(STUCK_SECONDS - 1) is None
        list(lane.read())


def test_going_on_for_too_long_is_late(lane: Lane, part: type[Part]) -> None:
    """By the seconds of media that have come: here 900, for which it may take half again."""
    part.script = [window(300)] * 3
    for _ in range(3):
        list(lane.read())
    waited = 0.0
    while (event := lane.look(10)) is None:
        part.beats += 1
        waited += 10
    assert waited == 10 * ((900 + GRACE_SECONDS) // 10)
    assert event.error is not None
    assert event.error.reason == Reason.TIMEOUT
    assert "s for 900 s of media and was killed; raise --timeout" in event.error.message


def test_too_much_memory(lane: Lane, part: type[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "resident_bytes", lambda pid: 3 << 30)
    event = lane.look(0.0)
    assert event is not None
    assert event.error is not None
    assert event.error.reason == Reason.OOM
    assert "v.mp4: decoding takes 3072 MiB of memory, more than 2048 MiB" in event.error.message
    assert len(part.ended) == 1


def test_the_end_of_a_lane_is_its_childs(lane: Lane, part: type[Part]) -> None:
    lane.end()
    assert len(part.ended) == 1


def test_the_end_says_what_its_video_took(
    lane: Lane, part: type[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the child's time that since the video began, and none of the videos before."""
    used = iter([10.0, 12.5, 20.0, 20.25])
    monkeypatch.setattr(lane_module, "processor_seconds", lambda pid: next(used))
    part.script = [written(None), written(None)]
    seconds = []
    for _ in range(2):
        lane.begin(JOB)
        (ended,) = lane.read()
        assert isinstance(ended, Ended)
        seconds.append(ended.seconds)
    assert seconds == [2.5, 0.25]


def test_a_new_child_has_taken_nothing_yet(
    lane: Lane, part: type[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the one before it took, which died while it was idle, is not its video's."""
    used = iter([10.0, 2.5])
    monkeypatch.setattr(lane_module, "processor_seconds", lambda pid: next(used))
    part.script = [written(None)]
    part.told.append("dead")
    lane.begin(JOB)
    assert list(lane.read()) == [Ended(3, None, 2.5)]
