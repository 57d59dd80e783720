"""Decoding in children: what comes is what one process gives, and a bad file costs only itself."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avel.pipeline.media import child, decoder, slots
from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.decoder import Decoders, decode_files, decode_windows
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Ended, Event, Job, Window
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video, segment_whole
from avel.pipeline.reasons import MediaError, Reason
from tests.films import clicks, regular, write_film
from tests.forked import EATEN_BYTES, FAULTS, fork_here

SMALL = SegmentConfig(image_size=32, sample_rate=8_000)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of one to four seconds."""
    folder = tmp_path_factory.mktemp("films")
    return [
        write_film(
            folder / f"{n}.mkv", frame_times=regular(10 * n, 10), samples=clicks(44_100 * n, [n])
        )
        for n in range(1, 5)
    ]


def events(paths: list[Path], limits: DecodeLimits, config: SegmentConfig = SMALL) -> list[Event]:
    """All that is said of the files, each started when there is room."""
    todo, found = list(enumerate(paths)), []
    with Decoders(config, limits) as decoders:
        while todo or decoders.busy:
            while todo and decoders.free:
                decoders.start(*todo.pop(0))
            found += decoders.events()
    return found


def assert_same(found: Segments, expected: Segments) -> None:
    for name in ("frames", "samples", "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.duration, found.flags) == (expected.duration, expected.flags)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_cells_as_in_this_process(films: list[Path], workers: int) -> None:
    found = dict(decode_files(films, SMALL, DecodeLimits(workers)))
    for number, path in enumerate(films):
        segments = found[number]
        assert isinstance(segments, Segments)
        assert_same(segments, segment_whole(path, SMALL))


def test_windows_come_in_order_with_what_the_file_promises(films: list[Path]) -> None:
    said = events(films[3:], DecodeLimits(window_cells=1))
    windows = [event for event in said if isinstance(event, Window)]
    assert [len(w.segments.samples) for w in windows] == [1, 1, 1, 1]
    assert_same(join([w.segments for w in windows]), segment_whole(films[3], SMALL))
    assert [w.promised for w in windows] == pytest.approx([4.0] * 4, abs=0.01)
    assert said[-1] == Ended(0, None)


def test_a_cell_larger_than_a_slot_gets_room(films: list[Path]) -> None:
    large = SegmentConfig(frames_per_cell=2, image_size=1024)
    assert slots.SLOT_BYTES < 3 * 2 * 1024 * 1024
    (found,) = (event for _, event in decode_files(films[:1], large, DecodeLimits()))
    assert isinstance(found, Segments)
    assert_same(found, segment_whole(films[0], large))


def test_the_sound_around_windows_and_views_come_too(films: list[Path]) -> None:
    """Windows of two of four cells: each with what is heard beyond it, from both ends."""
    config = SegmentConfig(image_size=32, sample_rate=8_000, sound_seconds=(2, 3), views=2)
    said = events(films[3:], DecodeLimits(window_cells=2), config)
    windows = [event.segments for event in said if isinstance(event, Window)]
    expected = list(segment_video(films[3], config, window_cells=2))
    assert [(len(w.before), len(w.after)) for w in windows] == [(0, 1), (1, 0)]
    for window, other in zip(windows, expected, strict=True):
        assert_same(window, other)
        np.testing.assert_array_equal(window.before, other.before)
        np.testing.assert_array_equal(window.after, other.after)
    assert windows[0].frames.shape == (2, 1, 3, 3, 32, 32)
    assert_same(join(windows), segment_whole(films[3], config))


def test_what_was_taken_stays_when_its_slot_is_used_again(films: list[Path]) -> None:
    said = events([films[3]] * 2, DecodeLimits(window_cells=1))
    first = [event.segments for event in said if isinstance(event, Window) and event.job == 0]
    assert_same(join(first), segment_whole(films[3], SMALL))


def test_one_file_window_by_window(films: list[Path], tmp_path: Path) -> None:
    windows = list(decode_windows(films[2], SMALL, DecodeLimits(window_cells=2)))
    assert [len(window.samples) for window in windows] == [2, 1]
    assert_same(join(windows), segment_whole(films[2], SMALL))
    with pytest.raises(MediaError, match=r"MISSING_FILE: .*none\.mp4: is not a file"):
        next(decode_windows(tmp_path / "none.mp4", SMALL, DecodeLimits()))


def test_a_file_that_cannot_be_decoded_says_why(films: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("no video")
    found = dict(decode_files([text, films[0]], SMALL, DecodeLimits(2)))
    assert isinstance(found[0], MediaError)
    assert found[0].reason == Reason.DECODE_ERROR
    assert "is text, not a video" in found[0].message
    assert isinstance(found[1], Segments)


Misbehave = Callable[..., None]


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Misbehave:
    """Make children do something where they would give a window of a film."""

    def arrange(what: str, film: Path, *, at: int = 0, once: bool = False) -> None:
        real, met = child.windows, tmp_path / "met"

        def windows(job: Job, reading: Reading) -> Iterator[Segments]:
            for number, window in enumerate(real(job, reading)):
                if job.path == film and number == at and not (once and met.exists()):
                    met.touch()
                    FAULTS[what]()
                yield window

        monkeypatch.setattr(child, "windows", windows)
        fork_here(monkeypatch)

    return arrange


def test_a_decoder_that_dies_is_tried_once_more_and_named(
    films: list[Path], misbehaving: Misbehave
) -> None:
    misbehaving("crash", films[0])
    said = events(films[:2], DecodeLimits(2))
    (ended,) = (event for event in said if event.job == 0)
    assert isinstance(ended, Ended)
    assert ended.error is not None
    assert ended.error.reason == Reason.WORKER_CRASH
    assert "the decoder died twice (SIGSEGV), the last time after 0 s" in ended.error.message
    assert Ended(1, None) in said


class Clock:
    """Every look at it is so many seconds later."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 400.0

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def test_a_decoder_stuck_in_c_is_killed(
    films: list[Path], misbehaving: Misbehave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes pass while the first film says nothing, and none while the second is decoded.

    A wait counts for a second at most, whatever the clock says.
    """
    misbehaving("hang", films[0])
    clock = Clock()
    monkeypatch.setattr(decoder, "time", clock)
    monkeypatch.setattr(decoder, "LOOK_SECONDS", 0.001)
    said: list[Event] = []
    with Decoders(SMALL, DecodeLimits(1, timeout_seconds=600.0)) as decoders:
        for number, path in enumerate(films[:2]):
            decoders.start(number, path)
            while decoders.busy:
                said += decoders.events()
            clock.step = 0.0
    stuck, *rest, last = said
    assert isinstance(stuck, Ended)
    assert stuck.error is not None
    assert stuck.error.reason == Reason.TIMEOUT
    assert "was stuck for 61 s and was killed" in stuck.error.message
    windows = [event.segments for event in rest if isinstance(event, Window)]
    assert_same(join(windows), segment_whole(films[1], SMALL))
    assert last == Ended(1, None)


def test_what_was_there_before_a_crash_is_kept(films: list[Path], misbehaving: Misbehave) -> None:
    """The second try gives what the first had not: a late fault that comes once costs nothing."""
    misbehaving("crash", films[3], at=2, once=True)
    *windows, ended = events(films[3:], DecodeLimits(window_cells=1))
    assert ended == Ended(0, None)
    assert len(windows) == 4
    segments = [event.segments for event in windows if isinstance(event, Window)]
    assert_same(join(segments), segment_whole(films[3], SMALL))


def test_a_late_crash_says_how_late(films: list[Path], misbehaving: Misbehave) -> None:
    misbehaving("crash", films[3], at=2)
    *windows, ended = events(films[3:], DecodeLimits(window_cells=1))
    assert len(windows) == 2
    assert isinstance(ended, Ended)
    assert "the decoder died twice (SIGSEGV), the last time after 2 s of it" in str(ended.error)


def test_a_decoder_that_eats_memory_is_killed(films: list[Path], misbehaving: Misbehave) -> None:
    misbehaving("eat", films[0])
    limits = DecodeLimits(1, memory_bytes=EATEN_BYTES // 4)
    found = dict(decode_files(films[:2], SMALL, limits))
    assert isinstance(found[0], MediaError)
    assert found[0].reason == Reason.OOM
    assert "of memory, more than" in found[0].message
    assert isinstance(found[1], Segments)


class _Fake:
    """A child that speaks at every look, or one that never does."""

    def __init__(self, speaks: bool) -> None:
        self.speaks, self.job, self.waited = speaks, 1, 0.0
        self.child = SimpleNamespace(connection=object())

    def read(self) -> Iterator[Event]:
        yield Ended(0)

    def look(self, waited: float) -> Ended | None:
        self.waited += waited
        return Ended(1) if self.waited > 10 and not self.speaks else None


def test_a_silent_child_is_looked_at_while_others_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes by a tenth of a second at each reading, half of it in waiting."""
    clock = itertools.count()
    monkeypatch.setattr(decoder.time, "monotonic", lambda: next(clock) / 10)
    pool = Decoders(SegmentConfig(), DecodeLimits(workers=2))
    loud, silent = _Fake(True), _Fake(False)
    monkeypatch.setattr(pool, "_lanes", [loud, silent])
    monkeypatch.setattr(decoder, "wait", lambda connections, seconds: [loud.child.connection])
    said = [event for _ in range(1000) for event in pool.events()]
    assert Ended(0) in said
    assert Ended(1) in said
    assert loud.waited == pytest.approx(silent.waited)  # its memory is looked at all the same
