"""Cells against known truth, and their windows against filling all cells at once."""

import itertools
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.media import segment as segment_module
from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.context import sound_span
from avel.pipeline.media.reading import Picture, Reading, Sound
from avel.pipeline.media.scaler import Square
from avel.pipeline.media.segment import (
    MAX_INTERLEAVE_SECONDS,
    segment_video,
    segment_whole,
    square_of,
)
from avel.pipeline.media.timeline import num_cells
from avel.pipeline.method.heard import stretches
from avel.pipeline.reasons import MediaError, Reason
from tests.films import LOSSLESS, clicks, loud_samples, numbers_of, regular, shown, write_film

SMALL = SegmentConfig(image_size=32)
RATE = 44_100
ARRAYS = ("frames", "samples", "visual_mask", "audio_mask")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of 25 pictures, and nine of sound with a click in each."""
    path = tmp_path_factory.mktemp("film") / "v.mkv"
    samples = clicks(9 * RATE, [second * RATE + 100 for second in range(9)])
    return write_film(path, frame_times=regular(250), samples=samples, **LOSSLESS)


# What is in the cells.


def test_a_film_in_its_cells(film: Path) -> None:
    segments = segment_whole(film, SegmentConfig(2, 32))
    assert segments.frames.shape == (10, 2, 3, 32, 32)
    assert segments.samples.shape == (10, RATE)
    assert numbers_of(segments.frames.reshape(-1, 3, 32, 32)) == shown(regular(250), 10, 2)
    assert loud_samples(segments.samples) == [second * RATE + 100 for second in range(9)]
    assert segments.visual_mask.tolist() == [True] * 10
    assert segments.audio_mask.tolist() == [True] * 9 + [False]
    assert (segments.duration, segments.flags) == (10.0, ())


def test_one_clock_for_unequal_starts(tmp_path: Path) -> None:
    """Video from 1.6 s, audio from 1 s of the file's own time: the clock starts with the audio."""
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=[Fraction(8, 5) + t for t in regular(60)],
        samples=clicks(3 * RATE, [0, RATE, 100_000]),
        audio_start=1,
        **LOSSLESS,
    )
    segments = segment_whole(path, SMALL)
    assert loud_samples(segments.samples) == [0, RATE, 100_000]
    # cell 0 looks at 0.5 s of common time, before the video begins at 0.6 s: its first frame
    assert numbers_of(segments.frames[:, 0]) == [0, 22, 47]
    assert segments.visual_mask.tolist() == [False, True, True]


def test_audio_that_starts_late_is_silence_first(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(75),
        samples=clicks(RATE, [0, 1000]),
        audio_start=Fraction(3, 2),
        **LOSSLESS,
    )
    segments = segment_whole(path, SMALL)
    assert loud_samples(segments.samples) == [66_150, 67_150]
    assert segments.audio_mask.tolist() == [False, True, True]


@pytest.mark.parametrize(("video_seconds", "audio_seconds"), [(2.0, 3.5), (3.5, 2.0)])
def test_unequal_lengths(tmp_path: Path, video_seconds: float, audio_seconds: float) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(int(25 * video_seconds)),
        samples=clicks(round(RATE * audio_seconds), [5]),
        **LOSSLESS,
    )
    segments = segment_whole(path, SMALL)
    assert len(segments.frames) == 4
    assert segments.duration == pytest.approx(3.5, abs=0.021)
    # absent where the shot in the middle of the cell is past the end of the video
    assert segments.visual_mask.sum() == (2 if video_seconds == 2 else 3)
    assert segments.audio_mask.sum() == (4 if audio_seconds == 3.5 else 2)
    last = int(25 * video_seconds) - 1
    if video_seconds == 2.0:
        assert numbers_of(segments.frames[2:, 0]) == [last, last]


def test_one_frame_only(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mkv", frame_times=[Fraction(0)], **LOSSLESS)
    segments = segment_whole(path, SMALL)
    assert segments.frames.shape == (1, 1, 3, 32, 32)
    assert numbers_of(segments.frames[:, 0]) == [0]


@pytest.mark.parametrize(("frames", "per_cell"), [(1, 1), (5, 1), (12, 1), (2, 4)])
def test_a_film_too_short_for_a_shot_is_seen(tmp_path: Path, frames: int, per_cell: int) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(frames),
        samples=clicks(RATE * frames // 25, [7]),
        **LOSSLESS,
    )
    segments = segment_whole(path, SegmentConfig(per_cell, 32))
    assert segments.visual_mask.tolist() == segments.audio_mask.tolist() == [True]
    assert set(numbers_of(segments.frames[0])) == {frames - 1}
    assert segments.flags == ()


@pytest.mark.parametrize(
    ("begin", "seconds", "seen"),
    [
        (Fraction(3, 5), 0.4, [2]),  # from 2.6 s, between two shots
        (Fraction(3, 5), 0.8, [2]),  # ... to 3.4 s
        (Fraction(3, 5), 1.0, [3]),  # over the shot at 3.5 s
        (Fraction(2, 5), 0.4, [2]),
        (Fraction(0), 0.4, [2]),
    ],
)
def test_a_glimpse_between_two_shots_is_seen_in_its_cell(
    tmp_path: Path, begin: Fraction, seconds: float, seen: list[int]
) -> None:
    """Of five seconds of sound; whatever the windows."""
    times = [2 + begin + t for t in regular(round(25 * seconds))]
    samples = clicks(5 * RATE, [7])
    path = write_film(tmp_path / "v.mkv", frame_times=times, samples=samples, **LOSSLESS)
    for window_cells in (1, 2, 64):
        mask = join(list(segment_video(path, SMALL, window_cells=window_cells))).visual_mask
        assert np.flatnonzero(mask).tolist() == seen


def test_no_audio_and_no_video_are_data(tmp_path: Path) -> None:
    silent = write_film(tmp_path / "v.mkv", frame_times=regular(50), **LOSSLESS)
    blind = write_film(tmp_path / "a.wav", samples=clicks(2 * RATE, [7]))
    seen, heard = segment_whole(silent, SMALL), segment_whole(blind, SMALL)
    assert seen.flags == (Reason.NO_AUDIO,)
    assert not seen.audio_mask.any()
    assert not seen.samples.any()
    assert seen.visual_mask.tolist() == [True, True]
    assert heard.flags == (Reason.NO_VIDEO,)
    assert not heard.visual_mask.any()
    assert not heard.frames.any()
    assert heard.audio_mask.tolist() == [True, True]


def test_the_rate_of_the_sound_is_the_configs(film: Path) -> None:
    segments = segment_whole(film, SegmentConfig(image_size=16, sample_rate=8000))
    assert segments.samples.shape == (10, 8000)
    peaks = np.abs(segments.samples[:9].astype(int)).argmax(1)
    np.testing.assert_allclose(peaks / 8000, 100 / RATE, atol=1 / 8000)


def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"none\.mp4: is not a file"):
        segment_whole(tmp_path / "none.mp4", SMALL)


# Windows.


@pytest.mark.parametrize(
    ("window_cells", "lengths"), [(3, [3, 3, 3, 1]), (5, [5, 5]), (10, [10]), (64, [10])]
)
def test_windows_join_to_the_whole(film: Path, window_cells: int, lengths: list[int]) -> None:
    whole = segment_whole(film, SMALL)
    parts = list(segment_video(film, SMALL, window_cells=window_cells))
    assert [len(part.frames) for part in parts] == lengths
    joined = join(parts)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    # only the last window knows how long the file is and what is wrong with it
    assert [part.duration for part in parts] == [0.0] * (len(parts) - 1) + [10.0]
    assert (joined.duration, joined.flags) == (whole.duration, whole.flags)


def test_windows_join_to_the_whole_of_a_real_file(media: Path) -> None:
    whole = segment_whole(media / "h264_10bits.mp4", SMALL)
    joined = join(list(segment_video(media / "h264_10bits.mp4", SMALL, window_cells=1)))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_a_window_comes_before_the_file_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Memory is bounded by the window: of a minute in windows of 4, few pictures are held."""
    held = []
    real = segment_module._Cells.take

    def take(self: segment_module._Cells, item: Picture | Sound) -> None:
        real(self, item)
        held.append(len(self._pictures))

    monkeypatch.setattr(segment_module._Cells, "take", take)
    path = write_film(tmp_path / "v.mkv", frame_times=regular(600, 10), size=(16, 16), **LOSSLESS)
    windows = list(segment_video(path, SegmentConfig(1, 16), window_cells=4))
    assert [len(window.frames) for window in windows] == [4] * 15
    assert max(held) <= 12


def cells_of(
    items: list[Picture | Sound], reading: Reading, config: SegmentConfig, window: int
) -> Segments:
    """What `segment_video` makes of decoded items, in one piece."""
    return join(pieces_of(items, reading, config, window))


def pieces_of(
    items: list[Picture | Sound], reading: Reading, config: SegmentConfig, window: int
) -> list[Segments]:
    """The same in its pieces."""

    def decode(given: Reading, **_: object) -> Iterator[Picture | Sound]:
        given.__dict__.update(reading.__dict__ | {"position": 0})
        for item in items:
            given.position = max(given.position, moment_of(item, config))
            yield item

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_module, "decode", decode)
        return list(segment_video(Path("v.mp4"), config, window_cells=window))


def moment_of(item: Picture | Sound, config: SegmentConfig) -> int:
    if isinstance(item, Picture):
        return item.first_shot // config.frames_per_cell
    return item.first_sample // config.sample_rate


def naive(items: list[Picture | Sound], reading: Reading, config: SegmentConfig) -> Segments:
    """Every cell of the whole file at once, by the definition."""
    T, F, S = num_cells(reading.duration), config.frames_per_cell, config.sample_rate
    frames = np.zeros((T, F, 3, 16, 16), np.uint8)
    seen, wave, heard = np.zeros(T, bool), np.zeros(T * S, np.int16), np.zeros(T * S, bool)
    for t in range(T):
        for k in range(F):
            before = [i for i in items if isinstance(i, Picture) and i.first_shot <= t * F + k]
            if before:
                frames[t, k] = before[-1].rgb
            moment = t + (k + Fraction(1, 2)) / F
            span = reading.video_span
            seen[t] |= span is not None and span[0] <= moment < span[1]
    if not seen.any() and reading.video_span and reading.video_span[0] < reading.video_span[1]:
        seen[int(reading.video_span[0])] = True
    for item in items:
        for n, value in enumerate(item.samples if isinstance(item, Sound) else ()):
            if 0 <= item.first_sample + n < T * S:  # type: ignore[union-attr]
                wave[item.first_sample + n], heard[item.first_sample + n] = value, True  # type: ignore[union-attr]
    return Segments(frames, wave.reshape(T, S), seen, heard.reshape(T, S).any(1))


@st.composite
def decoded(draw: st.DrawFn) -> tuple[list[Picture | Sound], Reading, SegmentConfig]:
    """Items as a file may give them: pictures and sounds in order, one stream behind the other."""
    config = SegmentConfig(draw(st.integers(1, 3)), 16)
    object.__setattr__(config, "sample_rate", 8)  # small enough to look at every sample
    lasts = draw(st.integers(1, 12))
    shots = sorted(draw(st.sets(st.integers(1, lasts * config.frames_per_cell), max_size=8)))
    pictures = [Picture(s, np.full((3, 16, 16), 7 + s, np.uint8)) for s in [0, *shots]]
    sounds, at = [], draw(st.integers(0, 20))
    while at < lasts * 8 and len(sounds) < 12:
        length = draw(st.integers(1, 12))
        sounds.append(Sound(at, np.arange(at + 1, at + length + 1, dtype=np.int16)))
        at += length + draw(st.sampled_from([0, 0, 0, 9]))
    reading = Reading(Path("v.mp4"), 0, 1)
    reading.video_span = (Fraction(0), Fraction(draw(st.integers(1, lasts * 10)), 10))
    reading.audio_span = (Fraction(sounds[0].first_sample, 8), Fraction(at, 8)) if sounds else None
    items: list[Picture | Sound] = [*pictures, *sounds]
    lag = draw(st.integers(0, 3))  # sound comes this many cells after the picture
    order = [moment_of(i, config) + lag * isinstance(i, Sound) for i in items]
    return [items[n] for n in sorted(range(len(items)), key=order.__getitem__)], reading, config


@settings(max_examples=80)
@given(decoded(), st.integers(1, 5))
def test_windows_are_the_whole_cut_up(
    given_: tuple[list[Picture | Sound], Reading, SegmentConfig], window: int
) -> None:
    items, reading, config = given_
    found, expected = cells_of(items, reading, config, window), naive(items, reading, config)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    assert found.duration == float(reading.duration)


def test_a_stream_that_stops_does_not_hold_the_other_one_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sound ends after a second; pictures are given all the same, half a minute behind."""
    config = SegmentConfig(1, 16)
    pictures = [Picture(t, np.full((3, 16, 16), t, np.uint8)) for t in range(100)]
    consumed = 0

    def decode(reading: Reading, **_: object) -> Iterator[Picture | Sound]:
        nonlocal consumed
        reading.video_stream, reading.audio_stream = 0, 1
        reading.video_span, reading.audio_span = (
            (Fraction(0), Fraction(100)),
            (Fraction(0), Fraction(1)),
        )
        yield Sound(0, np.ones(RATE, np.int16))
        for picture in pictures:
            consumed += 1
            reading.position = picture.first_shot
            yield picture

    monkeypatch.setattr(segment_module, "decode", decode)
    windows = segment_video(Path("v.mp4"), config, window_cells=5)
    first = next(windows)
    assert consumed <= MAX_INTERLEAVE_SECONDS + 5 + 3
    assert first.audio_mask.tolist() == [True] + [False] * 4
    assert first.frames[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert sum(len(window.frames) for window in windows) == 95


def test_the_square_of_a_config() -> None:
    assert square_of(SegmentConfig()) == Square(224, 224, "crop", "bicubic")
    config = SegmentConfig(1, 32, short_side=40, fit="squash", interpolation="bilinear")
    assert square_of(config) == Square(32, 40, "squash", "bilinear")
    assert square_of(SegmentConfig(views=2)).views == 2


# The sound around a window, and views.


def assert_hears(parts: list[Segments], config: SegmentConfig, whole: np.ndarray) -> None:
    """Every window of sound of every cell is that of the whole video (T, S)."""
    T, rate, first = len(whole), config.sample_rate, 0
    for part in parts:
        pieces = [piece for piece in (part.before, part.samples, part.after) if len(piece)]
        wave, count = np.concatenate(pieces), len(part.samples)
        for cell, seconds in itertools.product(range(count), config.sound_seconds):
            start, length = sound_span(len(part.before) + cell, len(wave), seconds, rate)
            begin, expected = sound_span(first + cell, T, seconds, rate)
            assert length == expected
            np.testing.assert_array_equal(
                wave.reshape(-1)[start : start + length],
                whole.reshape(-1)[begin : begin + expected],
            )
        first += count
    assert first == T


@settings(max_examples=80)
@given(
    decoded(),
    st.integers(1, 5),
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
)
def test_windows_hear_what_the_whole_hears(
    given_: tuple[list[Picture | Sound], Reading, SegmentConfig], window: int, lengths: list[int]
) -> None:
    """Whatever the pieces, holes and lengths; the cells themselves are as ever."""
    items, reading, config = given_
    object.__setattr__(config, "sound_seconds", tuple(lengths))
    whole, parts = naive(items, reading, config), pieces_of(items, reading, config, window)
    found = join(parts)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), name)
    assert (len(found.before), len(found.after)) == (0, 0)
    assert_hears(parts, config, whole.samples)
    longest = max(lengths)
    assert all(len(part.before) + len(part.after) <= 2 * longest for part in parts)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds in whose sound every sample of second n is 100 n."""
    path = tmp_path_factory.mktemp("counted") / "v.mkv"
    samples = np.repeat(100 * np.arange(12), RATE)[None].astype(np.int16)
    return write_film(path, frame_times=regular(120, 10), samples=samples, **LOSSLESS)


@pytest.mark.parametrize("window_cells", [1, 2, 5, 64])
def test_a_film_whose_seconds_are_known(counted: Path, window_cells: int) -> None:
    """By the ear: cell 7 hears seconds 6 to 8 in 3 s, and half of 5 and of 9 in 4 s."""
    config = SegmentConfig(image_size=16, sound_seconds=(3, 4))
    parts = list(segment_video(counted, config, window_cells=window_cells))
    heard: dict[int, list[Counter[int]]] = {}
    first = 0
    for part in parts:
        found, places = stretches(part, config.sound_seconds)
        for cell, row in enumerate(places):
            heard[first + cell] = [Counter((found[n].samples // 100).tolist()) for n in row]
        first += len(part.samples)
    half = RATE // 2
    assert heard[7][0] == {6: RATE, 7: RATE, 8: RATE}
    assert heard[7][1] == {5: half, 6: RATE, 7: RATE, 8: RATE, 9: half}
    assert heard[0] == [{0: RATE, 1: RATE, 2: RATE}, {0: RATE, 1: RATE, 2: RATE, 3: RATE}]
    assert heard[1][0] == heard[0][0]
    assert heard[11][1] == {8: RATE, 9: RATE, 10: RATE, 11: RATE}
    assert len(heard) == 12


def test_windows_carry_no_more_sound_than_is_heard(counted: Path) -> None:
    config = SegmentConfig(image_size=16, sound_seconds=(5,))
    parts = list(segment_video(counted, config, window_cells=4))
    assert [(len(p.before), len(p.samples), len(p.after)) for p in parts] == [
        (0, 4, 2),
        (2, 4, 2),
        (2, 4, 0),
    ]
    plain = list(segment_video(counted, SegmentConfig(image_size=16), window_cells=4))
    assert {len(p.before) + len(p.after) for p in plain} == {0}


def test_sound_that_is_waited_for_does_not_hold_the_film(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by the window and half of what is heard, however long the film."""
    held = []
    real = segment_module._Cells.take

    def take(self: segment_module._Cells, item: Picture | Sound) -> None:
        real(self, item)
        held.append((len(self._pictures), len(self._sounds), len(self._past)))

    monkeypatch.setattr(segment_module._Cells, "take", take)
    config = SegmentConfig(1, 16, sample_rate=8000, sound_seconds=(10,))
    rgb, second = np.zeros((3, 16, 16), np.uint8), np.ones(8000, np.int16)
    items = [item for t in range(60) for item in (Picture(t, rgb), Sound(8000 * t, second))]
    reading = Reading(Path("v.mp4"), 0, 1)
    reading.video_span = reading.audio_span = (Fraction(0), Fraction(60))
    parts = pieces_of(items, reading, config, 4)
    assert [len(part.frames) for part in parts] == [4] * 15
    pictures, sounds, past = (max(each) for each in zip(*held, strict=True))
    assert max(pictures, sounds) <= 12
    assert past == 10


def test_views_of_a_film(tmp_path: Path) -> None:
    """Left red, middle green, right blue; seen whole, then in three squares, in every cell."""
    colours = np.repeat(np.eye(3, dtype=np.uint8) * 255, 64, axis=0)  # along 192 pixels
    rgb = np.broadcast_to(colours, (64, 192, 3))
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(30, 10),
        frames=[rgb] * 30,
        size=(192, 64),
        **LOSSLESS,
    )
    config = SegmentConfig(2, 32, fit="squash", views=3)
    whole = segment_whole(path, config)
    assert whole.frames.shape == (3, 2, 4, 3, 32, 32)
    middles = np.rint(whole.frames[:, :, :, :, 16, 16] / 255).astype(int)
    for cell, shot in itertools.product(range(3), range(2)):
        assert middles[cell, shot, 1:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    ends = np.rint(whole.frames[0, 0, 0, :, 16, [4, 16, 28]] / 255).astype(int)
    assert ends.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]  # the fitted one shows all
    plain = segment_whole(path, SegmentConfig(2, 32, fit="squash"))
    np.testing.assert_array_equal(whole.pictures, plain.frames)
    np.testing.assert_array_equal(whole.samples, plain.samples)
    joined = join(list(segment_video(path, config, window_cells=1)))
    np.testing.assert_array_equal(joined.frames, whole.frames)
