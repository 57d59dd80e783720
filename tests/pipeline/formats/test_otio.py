"""Timelines, read back by OpenTimelineIO."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given

from avel.pipeline.formats.otio import OTIO
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.films import RATES, footage
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain


def read(entry: Entry) -> otio.schema.Clip:
    film = otio.adapters.read_from_string(OTIO.write([entry]), "otio_json")
    (clip,) = film.find_clips()
    return clip


@given(results(), RATES)
def test_opentimelineio_reads_it_back(result: Result, rate: Fraction) -> None:
    clip = read(Entry(result, footage=footage(rate)))
    ranges = [marker.marked_range for marker in clip.markers]
    spans = [(r.start_time.to_seconds(), r.end_time_exclusive().to_seconds()) for r in ranges]
    holds(spans, result, float(1 / rate))
    for marker, event in zip(clip.markers, result.events, strict=True):
        if event.label.isprintable():
            assert marker.name == event.label
        told = marker.metadata["avel"]
        holds([(told["onset"], told["offset"])], Result("a", "ok", events=(event,)), 1e-6)
        assert told["score"] == round(event.score, 6)
        assert clip.source_range.contains(marker.marked_range.start_time)


def test_the_video_is_found(tmp_path: Path) -> None:
    clip = read(Entry(plain(str(tmp_path / "a b.mp4")), footage=footage(Fraction(25))))
    assert clip.name == "a b.mp4"
    assert clip.media_reference.target_url == (tmp_path / "a b.mp4").as_uri()
    assert clip.source_range.duration == otio.opentime.RationalTime(75, 25)
    assert clip.source_range == clip.media_reference.available_range


def test_a_rate_of_its_own_is_kept() -> None:
    clip = read(Entry(plain(), footage=footage(Fraction(25, 2))))
    assert clip.markers[1].marked_range.start_time.rate == 12.5


def test_a_video_without_events_or_picture() -> None:
    clip = read(Entry(failed()))
    assert list(clip.markers) == []
    assert clip.source_range.duration.rate == 25


@pytest.mark.parametrize("variable", [False, True])
def test_changing_intervals_are_told(variable: bool) -> None:
    entry = Entry(plain(), footage=footage(Fraction(25), variable=variable))
    assert len(list(OTIO.cautions(entry))) == variable
