"""Frames that do not come, against streams from which some were taken away."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.losses import LEAST_BYTES, Losses
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.media.track import Track
from avel.pipeline.reasons import Reason
from tests.films import numbers_of, regular, write_film

SMALL = SegmentConfig(image_size=32)


def run(asked: list[int], came: list[int], codec: str = "h264", ticks: int = 40) -> Losses:
    """All packets are given before any frame comes, as far as a decoder may lag."""
    losses = Losses(codec, 1000)
    for pts in asked:
        losses.ask(pts, 100)
    for pts in came:
        losses.came(pts, ticks)
    losses.end(ticks)
    return losses


@given(
    st.integers(1, 100), st.sets(st.integers(0, 99)), st.sampled_from(["h264", "vp8"]), st.randoms()
)
def test_whole_streams_miss_nothing(count: int, skipped: set[int], codec: str, rng: Any) -> None:
    """In whatever order packets go; frames that nobody asked for may come or not."""
    times = [40 * n for n in range(count)]
    asked = [time for n, time in enumerate(times) if n not in skipped]
    came = [t for t in times if t in asked or rng.random() < 0.5]
    rng.shuffle(asked)
    losses = run(asked, came, codec)
    assert (losses.asked, losses.missing) == (len(asked), 0)


@given(st.integers(4, 60), st.integers(1, 30), st.integers(1, 60))
def test_a_hole_is_counted_to_the_frame(before: int, lost: int, after: int) -> None:
    lost += 4  # longer than two frames on both sides
    times = [40 * n for n in range(before + lost + after)]
    losses = run(times, times[:before] + times[before + lost :])
    assert losses.missing == lost
    assert losses.asked == len(times)


def test_a_hole_at_the_end() -> None:
    times = [40 * n for n in range(50)]
    assert run(times, times[:20]).missing == 30
    assert run(times, times[:-1]).missing == 0  # a file that is cut
    assert run(times, []).missing == 50


@pytest.mark.parametrize(("lost", "missing"), [(20, 0), (25, 0), (26, 26), (40, 40)])
def test_a_stream_may_begin_with_what_refers_to_before(lost: int, missing: int) -> None:
    times = [40 * n for n in range(100)]
    found = run(times, times[lost:])
    assert found.missing == missing


def test_fields_come_in_pairs() -> None:
    """Two packets a frame, in step with half of it; of a hole too."""
    fields = [20 * n for n in range(200)]
    assert run(fields, fields[::2]).missing == 0
    losses = Losses("h264", 1000)
    for pts in fields:
        losses.ask(pts, 100)
    for pts in [*fields[:60:2], *fields[140::2]]:
        losses.came(pts, 40, paired=True)
    losses.end(40)
    assert 70 <= losses.missing <= 80


def test_packets_that_are_never_shown() -> None:
    """VP8's references come between two pictures, and small packets say that nothing changed."""
    shown = [40 * n for n in range(100)]
    hidden = [t + 1 for t in shown[::10]]
    assert run(sorted(shown + hidden), shown, "vp8").missing == 0
    losses = Losses("mpeg4", 1000)
    for pts in shown:
        losses.ask(pts, LEAST_BYTES if pts else 100)
    losses.came(0, 40)
    losses.end(40)
    assert (losses.asked, losses.missing) == (1, 0)


def test_stamps_that_are_rounded_on_the_way() -> None:
    """A frame's time may be a tick off its packet's, also where few are asked for."""
    asked = [1000 * n + 480 for n in range(60)]
    for off in (-1, 1):
        assert run(asked, [t + off for t in asked]).missing == 0


# Films.


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of ten pictures, a key frame each second."""
    return write_film(
        tmp_path_factory.mktemp("film") / "v.mp4",
        frame_times=regular(80, 10),
        options={"qp": "0", "g": "10", "bf": "0", "sc_threshold": "0"},
        time_base=Fraction(1, 10),
    )


def without(lost: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder gives no frame of these numbers."""
    real = Track.decode

    def decode(self: Track, packet: Any) -> list[Any]:
        return [f for f in real(self, packet) if round(f.pts * f.time_base * 10) not in lost]

    monkeypatch.setattr(Track, "decode", decode)


def test_a_whole_film(film: Path) -> None:
    segments = segment_whole(film, SMALL)
    assert (segments.flags, segments.notes) == ((Reason.NO_AUDIO,), ())


def test_seconds_of_which_nothing_came_are_absent(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(range(22, 58), monkeypatch)
    segments = segment_whole(film, SMALL)
    assert segments.visual_mask.tolist() == [True] * 3 + [False] * 3 + [True] * 2
    assert numbers_of(segments.frames[:, 0]) == [5, 15, 21, 21, 21, 21, 65, 75]
    assert segments.flags == (Reason.DECODE_ERROR, Reason.NO_AUDIO)
    (note,) = segments.notes
    missing, asked = (int(word) for word in note.split() if word.isdigit())
    assert 3 <= missing <= 36
    assert missing < asked < 80
    assert note.endswith("frames that were looked for could not be decoded")


def test_windows_know_what_is_absent(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where memory is bounded to a cell, and shots are many."""
    from avel.pipeline.media.segment import segment_video

    without(range(22, 58), monkeypatch)
    config = SegmentConfig(4, 32)
    masks = [part.visual_mask for part in segment_video(film, config, window_cells=1)]
    found = np.concatenate(masks).tolist()
    assert found == [True, True, True, False, False, True, True, True]


def test_a_film_of_key_frames_alone(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame in ten: each second has its picture, and the file is not ok."""
    lost: Any = {n for n in range(80) if n % 10}
    without(lost, monkeypatch)
    segments = segment_whole(film, SMALL)
    assert numbers_of(segments.frames[:, 0]) == [0, 10, 20, 30, 40, 50, 60]
    assert segments.visual_mask.tolist() == [True] * 7
    assert segments.flags == (Reason.DECODE_ERROR, Reason.NO_AUDIO, Reason.TRUNCATED)
    missing, asked = (int(word) for word in segments.notes[0].split() if word.isdigit())
    assert missing > 0.8 * asked


def test_trial_of_broken_parameter_sets(trials: Path) -> None:
    segments = segment_whole(trials / "sar_tiny.mp4", SMALL)
    assert segments.flags == (Reason.DECODE_ERROR,)
    missing, asked = (int(word) for word in segments.notes[0].split() if word.isdigit())
    assert asked - missing <= 6
    assert missing >= 100
