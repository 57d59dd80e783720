"""Frames of any layout and kind made plain, against what was put into them."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.mixing import LOUDEST, Plain, is_plain, joined, silenced

RATE = 8_000


def frames(layout: str, kind: str, level: float = 0.25) -> list[av.AudioFrame]:
    """A tenth of a second in which the first channel alone sounds, of any layout and kind."""
    graph = Graph()
    channels = av.AudioLayout(layout).nb_channels
    sound = f"sin(2*PI*440*t)*{level}" + "|0" * (channels - 1)
    source = graph.add("aevalsrc", f"exprs={sound}:s={RATE}:d=0.1:nb_samples=200:c={layout}")
    form = graph.add("aformat", f"sample_fmts={kind}")
    graph.link_nodes(source, form, graph.add("abuffersink")).configure()
    made = []
    while True:
        try:
            made.append(graph.pull())
        except av.error.EOFError:
            return made


def mono(made: list[av.AudioFrame]) -> np.ndarray:
    """One channel (S,) of int16 samples, as the audio track makes it."""
    if not is_plain(made[0]):
        plain = Plain(made[0])
        made = [frame for given_ in made for frame in plain(given_)]
    whole, _ = joined(made)
    resampler = av.AudioResampler("s16", "mono", RATE)
    return np.concatenate([f.to_ndarray().reshape(-1) for f in resampler.resample(whole)])


TONE = np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE) * 0.25 * 32_768


# Layouts.


@pytest.mark.parametrize("kind", ["flt", "fltp", "s16", "s16p", "s32p", "dblp"])
@pytest.mark.parametrize(
    ("layout", "plain"),
    [("mono", True), ("stereo", True), ("5.1", True), ("6.1", True), ("7.1", False)],
)
def test_seven_planes_are_handed_out_and_more_are_packed_first(
    layout: str, plain: bool, kind: str
) -> None:
    made = frames(layout, kind)
    assert is_plain(made[0]) == (plain or not made[0].format.is_planar)
    found = mono(made)
    share = np.dot(found, TONE) / np.dot(TONE, TONE)
    assert 0.05 < share <= 1.001  # of one channel in the mix
    np.testing.assert_allclose(found, share * TONE, atol=2)


@pytest.mark.parametrize("kind", ["flt", "s16", "s32", "dbl"])
def test_eight_planes_are_mixed_as_eight_packed_channels(kind: str) -> None:
    planar, packed = mono(frames("7.1", kind + "p")), mono(frames("7.1", kind))
    np.testing.assert_allclose(planar, packed, atol=1)


@pytest.mark.parametrize("layout", ["hexadecagonal", "22.2"])
def test_more_than_eight_planes(layout: str) -> None:
    found = mono(frames(layout, "fltp"))
    assert np.abs(found).max() > 100
    np.testing.assert_allclose(found, found @ TONE / (TONE @ TONE) * TONE, atol=2)


@pytest.mark.parametrize("layout", ["ambisonic 1", "ambisonic 2", "ambisonic 3"])
@pytest.mark.parametrize("kind", ["fltp", "flt", "s16p"])
def test_ambisonics_are_heard_by_their_first_channel(layout: str, kind: str) -> None:
    made = frames(layout, kind)
    assert not is_plain(made[0])
    np.testing.assert_allclose(mono(made), TONE, atol=2)


@pytest.mark.parametrize("kind", ["s16", "fltp"])
def test_a_layout_nobody_mixes_is_the_mean_of_its_channels(kind: str) -> None:
    made = frames("FL+FR+BL", kind)
    assert not is_plain(made[0])
    np.testing.assert_allclose(mono(made), TONE / 3, atol=2)


@pytest.mark.parametrize(("channels", "plain"), [(3, True), (4, True), (9, False), (40, False)])
def test_channels_of_which_nobody_says_where_they_stand(
    tmp_path: Path, channels: int, plain: bool
) -> None:
    """As recorders with many inputs write them; few have a place by custom."""
    samples = np.zeros((RATE // 10, channels), np.int16)
    samples[:, 0] = np.rint(TONE)
    path = tmp_path / "many.wav"
    path.write_bytes(extensible(samples))
    with av.open(str(path)) as container:
        made = list(container.decode(audio=0))
    assert is_plain(made[0]) == plain
    found = mono(made)
    share = found @ TONE / (TONE @ TONE)
    assert share == pytest.approx(1 / channels, rel=0.01) if not plain else 0.1 < share < 0.9
    np.testing.assert_allclose(found, share * TONE, atol=2)


def extensible(samples: np.ndarray) -> bytes:
    """A WAV of samples (S, C) whose channel mask is empty."""
    channels = samples.shape[1]
    form = struct.pack(
        "<HHIIHHHHI", 0xFFFE, channels, RATE, 2 * RATE * channels, 2 * channels, 16, 22, 16, 0
    )
    form += bytes.fromhex("0100000000001000800000aa00389b71")
    data = samples.astype("<i2").tobytes()
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_plain_frames_keep_rate_and_count_and_have_no_time() -> None:
    made = frames("7.1", "fltp")
    plain = Plain(made[0])
    found = [frame for given_ in made for frame in plain(given_)]
    assert sum(frame.samples for frame in found) == RATE // 10
    assert {(f.sample_rate, f.format.name, f.layout.name, f.pts) for f in found} == {
        (RATE, "flt", "7.1", None)
    }


# One frame out of many.


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_joined_frames_are_their_samples_in_order(layout: str) -> None:
    channels = 1 if layout == "mono" else 2
    values = np.arange(60 * channels, dtype=np.int16)
    parts = []
    for start in range(0, len(values), 20 * channels):
        part = values[start : start + 20 * channels][None]
        made = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "s16", layout)
        made.sample_rate, made.pts = RATE, 7
        parts.append(made)
    whole, was_silenced = joined(parts)
    np.testing.assert_array_equal(whole.to_ndarray().reshape(-1), values)
    assert (whole.samples, whole.sample_rate, whole.layout.name) == (60, RATE, layout)
    assert (whole.pts, was_silenced) == (None, False)
    alone, _ = joined(parts[:1])
    assert alone is parts[0]
    assert alone.pts is None


# Samples that are no sound.


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e20])
@pytest.mark.parametrize("kind", ["flt", "fltp", "dbl", "dblp"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_no_number_is_silence_and_the_rest_is_as_it_was(
    bad: float, kind: str, count: int
) -> None:
    planar = kind.endswith("p")
    values = np.full((2, 100) if planar else (1, 200), 0.5, "f4" if kind.startswith("f") else "f8")
    values[0, 10:20] = bad
    parts = []
    for _ in range(count):
        made = av.AudioFrame.from_ndarray(values, kind, "stereo")
        made.sample_rate, made.time_base = RATE, Fraction(1, RATE)
        parts.append(made)
    whole, was_silenced = joined(parts)
    assert was_silenced
    expected = np.concatenate([np.where(values == 0.5, 0.5, 0)] * count, axis=1)
    np.testing.assert_array_equal(whole.to_ndarray(), expected)


@given(st.lists(st.floats(width=32), min_size=1, max_size=30))
def test_silencing_by_the_definition(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    good = np.array([abs(v) <= LOUDEST for v in values])  # false for NaN
    expected = np.where(good, samples, 0)
    assert silenced(samples) == (not good.all())
    np.testing.assert_array_equal(samples, expected)
