"""Sound against known truth and scipy: every sample at its moment, holes stay holes."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from avel.pipeline.media.audio import AUDIO_GAP_SECONDS, AudioTrack, _AudioRun
from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Reading, Sound
from avel.pipeline.media.timeline import StreamClock
from avel.pipeline.reasons import Reason
from tests.films import CLICK, clicks, loud_samples, regular, tone, write_film

RATE = 44_100


def sounds(path: Path, rate: int = RATE, origin: Fraction | int = 0) -> tuple[Reading, list[Sound]]:
    """What the audio track of a file gives, with nothing else read."""
    reading = Reading(path)
    with open_container(path) as container:
        track = AudioTrack.choose(container, reading, rate)
        assert track is not None
        track.clock = StreamClock(track.time_base, Fraction(origin))
        packets = [p for p in container.demux(track.stream) if p.size]
        return reading, [s for p in packets for s in track.feed(p)] + list(track.finish())


def wave(parts: list[Sound], num_samples: int) -> np.ndarray:
    """Sounds laid where they belong, silence elsewhere."""
    whole = np.zeros(num_samples, np.int16)
    for part in parts:
        whole[part.first_sample : part.first_sample + len(part.samples)] = part.samples
    return whole


def write_pieces(path: Path, pieces: list[tuple[int, np.ndarray]], rate: int = RATE) -> Path:
    """Mono frames (S,), each at a sample number of its own."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=rate)
        audio.codec_context.layout = "mono"
        for start, samples in pieces:
            frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


# Where samples are.


def test_without_resampling_every_sample_is_the_files(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-20_000, 20_000, 3 * RATE).astype(np.int16)
    reading, parts = sounds(write_film(tmp_path / "v.wav", samples=samples[None]))
    np.testing.assert_array_equal(wave(parts, 3 * RATE), samples)
    assert reading.audio_span == (0, 3)
    assert reading.audio_stream == 0


def test_sound_comes_a_second_at_a_time(tmp_path: Path) -> None:
    """So that a long file needs no memory for more, and small frames no resampling each."""
    _, parts = sounds(write_film(tmp_path / "v.wav", samples=clicks(5 * RATE, [])[:, : 5 * RATE]))
    assert 5 <= len(parts) <= 8
    assert all(b.first_sample == a.first_sample + len(a.samples) for a, b in pairwise(parts))


@pytest.mark.parametrize("start", [Fraction(0), Fraction(3, 2), Fraction(1, 3)])
@pytest.mark.parametrize("origin", [0, Fraction(1, 4)])
def test_a_late_start_and_the_common_origin(
    tmp_path: Path, start: Fraction, origin: Fraction
) -> None:
    path = write_film(tmp_path / "v.mkv", samples=clicks(RATE, [0, 1000]), audio_start=start)
    reading, parts = sounds(path, origin=origin)
    begun = Fraction(round(start * 1000), 1000) - origin  # Matroska keeps milliseconds
    first = round(begun * RATE)
    found = [
        parts[0].first_sample + s for s in loud_samples(np.concatenate([p.samples for p in parts]))
    ]
    assert found == [first, first + 1000]
    assert reading.audio_span is not None
    assert reading.audio_span[0] == begun
    assert float(reading.audio_span[1]) == pytest.approx(float(begun) + 1, abs=1e-3)


def test_a_hole_stays_a_hole(tmp_path: Path) -> None:
    piece = clicks(RATE // 2, [10])[0]
    path = write_pieces(tmp_path / "hole.mkv", [(0, piece), (2 * RATE, piece)])
    reading, parts = sounds(path)
    assert loud_samples(wave(parts, 3 * RATE)) == [10, 2 * RATE + 10]
    covered = sum(len(part.samples) for part in parts)
    assert covered == RATE  # nothing was filled in
    assert reading.audio_span == (0, Fraction(5, 2))


def test_rounded_time_stamps_are_no_holes(tmp_path: Path) -> None:
    """Matroska's milliseconds are off by up to 22 samples: the sound goes on without a seam."""
    samples = tone(440, 2, RATE)
    pieces = [(start, samples[start : start + 1000]) for start in range(0, 2 * RATE, 1000)]
    _, parts = sounds(write_pieces(tmp_path / "v.mkv", pieces))
    np.testing.assert_array_equal(wave(parts, 2 * RATE), samples)


@pytest.mark.parametrize(("late_samples", "moved"), [(1500, False), (3000, True)])
def test_a_gap_is_longer_than_a_twenty_fifth(
    tmp_path: Path, late_samples: int, moved: bool
) -> None:
    assert AUDIO_GAP_SECONDS * RATE == 1764
    piece = clicks(RATE, [RATE // 2])[0]
    path = write_pieces(tmp_path / "v.mkv", [(0, piece), (RATE + late_samples, piece)])
    found = loud_samples(wave(sounds(path)[1], 3 * RATE))
    assert found[1] == pytest.approx(RATE + RATE // 2 + late_samples * moved, abs=25)


@pytest.mark.parametrize(("late_samples", "moved"), [(3000, False), (6000, True)])
def test_packets_of_asf_are_sent_beside_their_time(
    tmp_path: Path, late_samples: int, moved: bool
) -> None:
    """Windows Media's packets say when they are sent, by a frame of 46 or 60 ms beside the sound."""
    piece = clicks(RATE, [RATE // 2])[0]
    path = write_pieces(tmp_path / "v.wmv", [(0, piece), (RATE + late_samples, piece)])
    found = loud_samples(wave(sounds(path)[1], 3 * RATE))
    assert found[1] == pytest.approx(RATE + RATE // 2 + late_samples * moved, abs=50)


# How they are made: rate and channels.


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000, 96_000])
def test_other_rates_keep_the_moment(tmp_path: Path, rate: int) -> None:
    samples = np.zeros((1, 3 * rate), np.int16)
    for second in (0.5, 1.25, 2.0):
        samples[0, round(second * rate) : round((second + 0.01) * rate)] = CLICK
    _, parts = sounds(write_film(tmp_path / "v.wav", samples=samples, sample_rate=rate))
    loud = wave(parts, 3 * RATE).astype(float) > CLICK / 2
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    # half a sample of the source rate, and one of ours
    np.testing.assert_allclose(starts / RATE, [0.5, 1.25, 2.0], atol=0.5 / rate + 1.0 / RATE)


@pytest.mark.parametrize(
    ("rate", "up", "down"), [(22_050, 2, 1), (48_000, 147, 160), (88_200, 1, 2), (32_000, 441, 320)]
)
def test_resampling_agrees_with_scipy(tmp_path: Path, rate: int, up: int, down: int) -> None:
    """Chords below both Nyquist limits: within 0.5 % of scipy's polyphase filter (rms)."""
    chord = sum(tone(hz, 2.5, rate, 3000).astype(int) for hz in (220, 997, 4001)).astype(np.int16)
    _, parts = sounds(write_film(tmp_path / "v.wav", samples=chord[None], sample_rate=rate))
    expected = resample_poly(chord.astype(float), up, down)
    found = wave(parts, len(expected)).astype(float)
    middle = slice(2000, len(expected) - 2000)  # the filters end differently
    error = np.sqrt(np.mean((found - expected)[middle] ** 2))
    assert error < 0.005 * np.sqrt(np.mean(expected[middle] ** 2))


def test_what_the_new_rate_cannot_hold_is_filtered_out(tmp_path: Path) -> None:
    """15 kHz at 8 kHz would come back as 1 kHz."""
    path = write_film(tmp_path / "v.wav", samples=tone(15_000, 2, RATE)[None])
    _, parts = sounds(path, 8_000)
    assert np.abs(wave(parts, 16_000)[500:-500]).max() < 100


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_are_mixed_to_one(tmp_path: Path, layout: str, channels: int) -> None:
    path = write_film(tmp_path / "v.wav", samples=clicks(RATE, [1234], channels), layout=layout)
    found = wave(sounds(path)[1], RATE)
    assert np.argmax(np.abs(found)) == 1234


def test_stereo_is_the_mean_of_both(tmp_path: Path) -> None:
    left, right = tone(300, 1, RATE, 9000), tone(700, 1, RATE, 4000)
    path = write_film(tmp_path / "v.wav", samples=np.stack([left, right]), layout="stereo")
    found = wave(sounds(path)[1], RATE).astype(float)
    np.testing.assert_allclose(found, (left.astype(float) + right) / 2, atol=1.01)


def test_a_change_of_form_begins_a_new_run(tmp_path: Path) -> None:
    """Two MPEG transport streams end to end: mono 48 kHz, then stereo 32 kHz."""
    parts = []
    for name, rate, channels, layout in (("a", 48_000, 1, "mono"), ("b", 32_000, 2, "stereo")):
        samples = np.repeat(tone(500, 1.0, rate)[None], channels, 0)
        part = write_film(
            tmp_path / f"{name}.ts", samples=samples, sample_rate=rate, layout=layout,
            audio_codec="mp2", audio_start=0 if name == "a" else Fraction(1),
        )  # fmt: skip
        parts.append(part.read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    _, found = sounds(path, origin=Fraction(14, 10))
    whole = np.concatenate([part.samples for part in found])
    assert len(whole) == pytest.approx(2 * RATE, abs=4000)
    spectrum = np.abs(np.fft.rfft(whole[-RATE // 2 : -2000].astype(float)))
    assert spectrum.argmax() * RATE / (RATE // 2 - 2000) == pytest.approx(500, abs=5)


def test_no_audio_is_no_track(tmp_path: Path) -> None:
    reading = Reading(write_film(tmp_path / "v.mkv", frame_times=regular(5)))
    with open_container(reading.path) as container:
        assert AudioTrack.choose(container, reading, RATE) is None
    assert (reading.audio_stream, reading.audio_span) == (None, None)
    assert Reason.UNSUPPORTED_CODEC not in reading.flags


# Runs: frames that follow one another.


def frame(samples: int, pts: int | None, rate: int = RATE, layout: str = "mono") -> av.AudioFrame:
    channels = 1 if layout == "mono" else 2
    made = av.AudioFrame.from_ndarray(np.zeros((1, samples * channels), np.int16), "s16", layout)
    made.sample_rate, made.pts = rate, pts
    return made


@settings(max_examples=40)
@given(
    st.sampled_from([Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 44_100)]),
    st.integers(-100_000, 100_000),
    st.integers(1, 500_000),
    st.integers(-5000, 5000),
)
def test_a_run_goes_on_within_the_gap(base: Fraction, pts: int, samples: int, late: int) -> None:
    run = _AudioRun(frame(10, pts), pts, base)
    run.samples = samples
    assert abs(run.end_pts - (pts + Fraction(samples, RATE) / base)) <= Fraction(1, 2)
    following = frame(10, pts + round((Fraction(samples + late, RATE)) / base))
    exact = Fraction(following.pts - pts) * base * RATE - samples
    assert run.continues(following) == (abs(exact) <= AUDIO_GAP_SECONDS * RATE)


def test_a_run_is_of_one_form_and_takes_frames_without_time() -> None:
    run = _AudioRun(frame(10, 0), 0, Fraction(1, RATE))
    run.samples = 10
    assert run.continues(frame(10, None))
    assert not run.continues(frame(10, 10, rate=48_000))
    assert not run.continues(frame(10, 10, layout="stereo"))


def test_an_absurd_rate_is_spoken_of_once(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", samples=tone(500, 1, RATE)[None])
    reading = Reading(path)
    with open_container(path) as container:
        track = AudioTrack.choose(container, reading, RATE)
        assert track is not None
        for _ in range(2):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 64), np.int16), "s16", "mono")
            frame.sample_rate = 1_000_000_000
            assert list(track._take(frame)) == []
    assert reading.damaged_packets == 2
    assert reading.notes == [
        "its sound claims 1000000000 samples a second and could not be decoded"
    ]
