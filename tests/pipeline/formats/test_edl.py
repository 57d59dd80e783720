"""Edit decision lists, read back by OpenTimelineIO's CMX 3600 adapter."""

from fractions import Fraction

import opentimelineio as otio
from hypothesis import given

from avel.pipeline.formats.edl import EDL
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.films import RATES, footage
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain


def cuts(text: str, rate: Fraction) -> list[otio.schema.Clip]:
    film = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    return [clip for track in film.video_tracks() for clip in track.find_clips()]


@given(results(), RATES)
def test_opentimelineio_reads_it_back(result: Result, rate: Fraction) -> None:
    if not result.events:
        return
    found = cuts(EDL.write([Entry(result, footage=footage(rate))]), rate)
    ranges = [clip.source_range for clip in found]
    frames = [(r.start_time.to_frames(), r.end_time_exclusive().to_frames()) for r in ranges]
    holds([(float(a / rate), float(b / rate)) for a, b in frames], result, float(1 / rate))
    for clip, event in zip(found, result.events, strict=True):
        (marker,) = clip.markers
        assert marker.name.split() == f"{one_line(event.label)} {event.score:.4f}".split()


def test_cuts_stand_one_after_another_whatever_overlaps() -> None:
    events = (Event(0, 2, "a", 0.5), Event(1, 4, "b", 0.25))
    entry = Entry(Result("x/a.mp4", "ok", duration=5, events=events), footage=footage(Fraction(25)))
    assert EDL.write([entry]) == (
        "TITLE: a.mp4\nFCM: NON-DROP FRAME\n\n"
        "001  AX       B     C        00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00\n"
        "* FROM CLIP NAME: a.mp4\n* LOC: 00:00:00:00 RED     a 0.5000\n\n"
        "002  AX       B     C        00:00:01:00 00:00:04:00 00:00:02:00 00:00:05:00\n"
        "* FROM CLIP NAME: a.mp4\n* LOC: 00:00:02:00 RED     b 0.2500\n"
    )
    found = cuts(EDL.write([entry]), Fraction(25))
    assert [clip.name for clip in found] == ["a.mp4", "a.mp4"]


def test_a_video_without_events() -> None:
    assert EDL.write([Entry(failed())]) == "TITLE: c.mp4\nFCM: NON-DROP FRAME\n"


def test_a_rate_that_no_editor_has_is_told() -> None:
    entry = Entry(plain(), footage=footage(Fraction(15)))
    assert "no editor has a timeline of 15" in next(iter(EDL.cautions(entry)))
