"""Final Cut Pro's projects, read back by OpenTimelineIO's adapter and as XML."""

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from hypothesis import given

from avel.pipeline.formats.fcpxml import FCPXML
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.films import RATES, footage
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


def seconds(text: str | None) -> Fraction:
    assert text
    assert text.endswith("s")
    return Fraction(text[:-1])


@given(results(), RATES)
def test_every_time_is_a_whole_frame_and_the_nearest(result: Result, rate: Fraction) -> None:
    root = ElementTree.fromstring(FCPXML.write([Entry(result, footage=footage(rate))]))
    markers = list(root.iter("marker"))
    spans = [(s := seconds(m.get("start")), s + seconds(m.get("duration"))) for m in markers]
    holds([(float(a), float(b)) for a, b in spans], result, float(1 / rate))
    (clip,) = root.iter("asset-clip")
    times = [clip.get("duration"), *(m.get("start") for m in markers)]
    assert all((seconds(time) * rate).denominator == 1 for time in times)
    assert all(onset < seconds(clip.get("duration")) for onset, _ in spans)
    assert [m.get("note") for m in markers] == [f"score {e.score:.4f}" for e in result.events]
    for marker, event in zip(markers, result.events, strict=True):
        if event.label.isprintable():
            assert marker.get("value") == event.label


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
def test_opentimelineio_reads_it_back(rate: int) -> None:
    """Its reader cuts fractions off where it should round, so that it may be a frame early."""
    result = plain(events=3)
    text = FCPXML.write([Entry(result, footage=footage(Fraction(rate)))])
    read = otio.adapters.read_from_string(text, "fcpx_xml")
    markers = [m for clip in read.find_clips() for m in clip.markers]
    assert [marker.name for marker in markers] == ["label 0", "label 1", "label 2"]
    starts = [marker.marked_range.start_time.to_seconds() for marker in markers]
    for start, event in zip(starts, result.events, strict=True):
        assert -1 / rate - 1e-9 <= start - event.onset <= 1e-9


def test_the_video_and_its_rate(tmp_path: Path) -> None:
    entry = Entry(strange(str(tmp_path / "a & b.mp4")), footage=footage(Fraction(30_000, 1001)))
    root = ElementTree.fromstring(FCPXML.write([entry]))
    (form,) = root.iter("format")
    assert form.attrib == {
        "id": "r1",
        "frameDuration": "1001/30000s",
        "width": "1280",
        "height": "720",
    }
    (asset,) = root.iter("asset")
    assert asset.get("src") == (tmp_path / "a & b.mp4").as_uri()
    assert asset.get("name") == "a & b.mp4"
    (marker,) = root.iter("marker")
    assert marker.get("value") == 'Frying (food), "loud"\nand <b> & ü\u2028'


def test_a_video_without_events_or_picture() -> None:
    root = ElementTree.fromstring(FCPXML.write([Entry(failed())]))
    assert not list(root.iter("marker"))
    (form,) = root.iter("format")
    assert form.attrib == {"id": "r1", "frameDuration": "1/25s"}
