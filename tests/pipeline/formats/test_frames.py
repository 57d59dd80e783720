"""Seconds to frames: which rate, how many, and what is said of it."""

from fractions import Fraction

import pytest

from avel.pipeline.formats.frames import (
    EDITING_RATES,
    editing_cautions,
    editing_rate,
    exact,
    num_frames,
    own_rate,
    rate_cautions,
    timecode,
)
from avel.pipeline.formats.shape import Entry
from avel.pipeline.media.footage import Footage
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.results import failed, plain

NTSC = Fraction(30_000, 1001)


def at(rate: Fraction | float, *, variable: bool = False, width: int = 640) -> Entry:
    footage = Footage(Fraction(rate).limit_denominator(10**6), variable, width, 480)
    return Entry(plain(), footage=footage)


@pytest.mark.parametrize(
    ("rate", "own", "editing"),
    [
        (25, 25, 25),
        (NTSC, NTSC, NTSC),
        (29.97, NTSC, NTSC),
        (23.976, Fraction(24_000, 1001), Fraction(24_000, 1001)),
        (30, 30, 30),
        (15, 15, Fraction(24_000, 1001)),
        (120, 120, 60),
        (12.5, Fraction(25, 2), Fraction(24_000, 1001)),
    ],
)
def test_rates(rate: float, own: Fraction, editing: Fraction) -> None:
    assert own_rate(at(rate)) == own
    assert editing_rate(at(rate)) == editing
    assert editing_rate(Entry(plain())) == 25


def test_the_length_holds_every_event() -> None:
    late = Event(9.0, 12.0, "a", 0.5)
    assert num_frames(Entry(Result("a", "ok", duration=10.0, events=(late,))), Fraction(25)) == 300
    assert num_frames(Entry(Result("a", "ok", duration=10.0)), NTSC) == 300
    assert num_frames(Entry(Result("a", "ok", duration=float("nan"))), NTSC) == 1
    assert num_frames(Entry(failed()), Fraction(25)) == 1


@pytest.mark.parametrize(
    ("frames", "rate", "text"),
    [
        (0, Fraction(25), "00:00:00:00"),
        (90_024, Fraction(25), "01:00:00:24"),
        (29, NTSC, "00:00:00:29"),
        (30, NTSC, "00:00:01:00"),
        (1799, Fraction(60_000, 1001), "00:00:29:59"),
        (24 * 61, Fraction(24_000, 1001), "00:01:01:00"),
    ],
)
def test_timecode(frames: int, rate: Fraction, text: str) -> None:
    assert timecode(frames, rate) == text


@pytest.mark.parametrize("rate", EDITING_RATES)
def test_timecode_counts_every_frame_once(rate: Fraction) -> None:
    codes = [timecode(frames, rate) for frames in range(3 * 60 * 60)]
    assert codes == sorted(set(codes))


def test_seconds_of_json_are_whole_microseconds() -> None:
    assert exact(0.1 + 0.2) == 0.3
    assert exact(1 / 3) == 0.333333


def test_a_constant_rate_needs_no_word() -> None:
    for entry in (at(25), at(NTSC), Entry(failed()), Entry(failed(), footage=None)):
        assert list(rate_cautions(entry)) == list(editing_cautions(entry)) == []


def test_changing_intervals_are_told() -> None:
    (caution,) = rate_cautions(at(29.5, variable=True))
    assert caution.startswith(
        "its frames come at changing intervals, 29.5 a second on average: editors may show"
    )
    assert "ffmpeg -i IN -fps_mode cfr OUT" in caution


def test_no_picture_is_told() -> None:
    for entry in (Entry(plain()), at(25, width=0)):
        assert list(rate_cautions(entry)) == [
            "no picture, so that times are counted in frames of 1/25 s"
        ]


def test_a_rate_that_no_editor_has_is_told() -> None:
    assert list(editing_cautions(at(15))) == [
        "no editor has a timeline of 15 frames a second; times are counted in frames of 1/23.98 s"
    ]
    assert len(list(editing_cautions(at(17.83, variable=True)))) == 2
    assert list(rate_cautions(at(15))) == []
