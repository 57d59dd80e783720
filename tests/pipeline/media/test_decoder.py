"""Decoding in children: what comes is what one process gives, and a bad file costs only itself."""

import ctypes
import faulthandler
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media import child, decoder
from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.context import cells_after, cells_before
from avel.pipeline.media.decoder import (
    DecodeLimits,
    Decoders,
    Ended,
    Event,
    Restarted,
    Window,
    decode_files,
)
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video, segment_whole
from avel.pipeline.reasons import MediaError, Reason
from tests.films import clicks, regular, write_film

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
    assert decoder.SLOT_BYTES < 3 * 2 * 1024 * 1024
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


@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("views", [0, 8])
@pytest.mark.parametrize("lengths", [(), (2,), (30,)])
@pytest.mark.parametrize("size", [16, 224, 1024])
def test_a_slot_has_room_for_all_that_a_window_may_carry(
    rate: int, views: int, lengths: tuple[int, ...], size: int
) -> None:
    config = SegmentConfig(2, size, sample_rate=rate, sound_seconds=lengths, views=views)
    pool = Decoders(config, DecodeLimits(window_cells=64))
    count, longest = pool._window, max(lengths, default=0)
    assert 1 <= count <= 64
    pictures, second = 2 * (1 + views) * 3 * size**2, 2 * rate
    for first in (0, 1, longest, 100):
        after = cells_after(first, count, longest)
        before = cells_before(first, count, after, longest)
        arrays = (count * pictures, count * second, count, count, before * second, after * second)
        assert sum(-(-size // decoder.ALIGN) * decoder.ALIGN for size in arrays) <= pool._slot_bytes
    if not lengths and not views:  # as ever
        assert count == max(1, min(64, (decoder.SLOT_BYTES - 384 - 128) // (pictures + second)))


def test_what_was_taken_stays_when_its_slot_is_used_again(films: list[Path]) -> None:
    said = events([films[3]] * 2, DecodeLimits(window_cells=1))
    first = [event.segments for event in said if isinstance(event, Window) and event.job == 0]
    assert_same(join(first), segment_whole(films[3], SMALL))


def test_a_file_that_cannot_be_decoded_says_why(films: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("no video")
    found = dict(decode_files([text, films[0]], SMALL, DecodeLimits(2)))
    assert isinstance(found[0], MediaError)
    assert found[0].reason == Reason.DECODE_ERROR
    assert "is text, not a video" in found[0].message
    assert isinstance(found[1], Segments)


Misbehave = Callable[[], None]


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch, films: list[Path]) -> Callable[[str], None]:
    """Make children do something when they meet the first film; they are forked here, not served.

    A child from the server imports the real code; forking lets it see the patched one.
    """

    def arrange(what: str) -> None:
        real = child.windows

        def windows(job: decoder.Job, reading: object) -> Iterator[Segments]:
            if job.path == films[0]:
                FAULTS[what]()
            yield from real(job, reading)  # type: ignore[arg-type]

        monkeypatch.setattr(child, "windows", windows)
        context = decoder.multiprocessing.get_context("fork")
        context.set_forkserver_preload = lambda names: None  # type: ignore[attr-defined]
        monkeypatch.setattr(decoder.multiprocessing, "get_context", lambda name: context)

    return arrange


def crash() -> None:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    ctypes.PyDLL(None).sleep(10_000)  # inside C, with Python's lock


def eat() -> None:
    held = np.ones(200 << 20, np.uint8)
    time.sleep(10_000)
    del held


FAULTS = {"crash": crash, "hang": hang, "eat": eat}


def test_a_decoder_that_dies_is_tried_once_more_and_named(
    films: list[Path], misbehaving: Callable[[str], None]
) -> None:
    misbehaving("crash")
    said = events(films[:2], DecodeLimits(2))
    first = [event for event in said if event.job == 0]
    assert isinstance(first[0], Restarted)
    assert isinstance(first[-1], Ended)
    assert first[-1].error is not None
    assert first[-1].error.reason == Reason.WORKER_CRASH
    assert "the decoder died twice (SIGSEGV)" in first[-1].error.message
    assert Ended(1, None) in said


class Clock:
    """Every look at it is so many seconds later."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 400.0

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def test_a_decoder_stuck_in_c_is_killed(
    films: list[Path], misbehaving: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes pass while the first film says nothing, and none while the second is decoded."""
    misbehaving("hang")
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
    assert "was stuck for 800 s and was killed" in stuck.error.message
    windows = [event.segments for event in rest if isinstance(event, Window)]
    assert_same(join(windows), segment_whole(films[1], SMALL))
    assert last == Ended(1, None)


def test_a_decoder_that_eats_memory_is_killed(
    films: list[Path], misbehaving: Callable[[str], None]
) -> None:
    misbehaving("eat")
    used = decoder._resident_bytes(os.getpid())  # a forked child shares ours
    limits = DecodeLimits(1, memory_bytes=used + (100 << 20))
    found = dict(decode_files(films[:2], SMALL, limits))
    assert isinstance(found[0], MediaError)
    assert found[0].reason == Reason.OOM
    assert "decoding takes more than" in found[0].message
    assert isinstance(found[1], Segments)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("odd"), "DECODE_ERROR: .*1.mkv: ZeroDivisionError: odd"),
        (MemoryError(), "OOM: .*1.mkv: out of memory while decoding; use fewer --workers"),
    ],
)
def test_an_error_that_nobody_foresaw_is_the_files_own(
    films: list[Path], monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fails(*_: object, **__: object) -> Iterator[Segments]:
        raise error
        yield

    monkeypatch.setattr(child, "segment_video", fails)
    job = decoder.Job(0, films[0], SMALL, 64, 60.0)
    with pytest.raises(MediaError, match=said):
        list(child.windows(job, Reading(films[0])))


SCRIPT = """
import os, sys
from pathlib import Path
from avel.pipeline.media.decoder import Decoders, DecodeLimits, decode_files
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.cells import SegmentConfig
print("main", flush=True)
film = Path(sys.argv[1])
cut = SegmentConfig(image_size=32, sample_rate=8000)
print(len(dict(decode_files([film], cut, DecodeLimits()))[0].samples), "torch" in sys.modules)
decoders = Decoders(cut, DecodeLimits())
decoders.start(0, film)
print(decoders._lanes[0]._process.pid, flush=True)
if len(sys.argv) > 2:
    os.kill(os.getpid(), 9)
"""


def test_a_script_without_a_guard_is_not_run_again(films: list[Path], tmp_path: Path) -> None:
    """Children know nothing of the user's program, and no torch is loaded to decode."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.run(
        [sys.executable, script, films[1]], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[:2] == ["main", "2 False"]
    assert ran.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="death with the parent is Linux's")
def test_children_die_with_their_parent(films: list[Path], tmp_path: Path) -> None:
    """However it dies: here by SIGKILL, which nobody can handle."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.Popen(
        [sys.executable, script, films[1], "die"], stdout=subprocess.PIPE, text=True
    )
    assert ran.stdout is not None
    # the pipe ends when the last process that holds it is gone, so this waits for the children
    pid = int(ran.stdout.read().splitlines()[-1])
    assert ran.wait() == -signal.SIGKILL
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


class _Fake:
    """A child that speaks at every look, or one that never does."""

    def __init__(self, speaks: bool) -> None:
        self.speaks, self.job, self.connection, self.waited = speaks, 1, object(), 0.0

    def read(self) -> Iterator[Restarted]:
        yield Restarted(0)

    def look(self, limits: DecodeLimits, waited: float) -> Ended | None:
        assert not self.speaks
        self.waited += waited
        return Ended(1) if self.waited > 10 else None


def test_a_silent_child_is_looked_at_while_others_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes by a tenth of a second at each reading, half of it in waiting."""
    clock = itertools.count()
    monkeypatch.setattr(decoder.time, "monotonic", lambda: next(clock) / 10)
    pool = Decoders(SegmentConfig(), DecodeLimits(workers=2))
    loud, silent = _Fake(True), _Fake(False)
    monkeypatch.setattr(pool, "_lanes", [loud, silent])
    monkeypatch.setattr(decoder, "wait", lambda connections, seconds: [loud.connection])
    said = [event for _ in range(1000) for event in pool.events()]
    assert Restarted(0) in said
    assert Ended(1) in said
