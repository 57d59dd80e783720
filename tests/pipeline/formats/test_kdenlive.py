"""Kdenlive's guides: JSON, one guide a frame."""

import json
from fractions import Fraction

from hypothesis import given

from avel.pipeline.formats.kdenlive import KDENLIVE
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.films import RATES, footage
from tests.pipeline.formats.hard import results
from tests.pipeline.formats.results import failed


@given(results(), RATES)
def test_every_event_begins_and_ends_at_a_guide(result: Result, rate: Fraction) -> None:
    guides = json.loads(KDENLIVE.write([Entry(result, footage=footage(rate))]).encode("utf-8"))
    places = [guide["pos"] for guide in guides]
    assert places == sorted(set(places)), "Kdenlive keeps one guide a frame"
    said = {guide["pos"]: guide["comment"] for guide in guides}
    for event in result.events:
        onset = min(said, key=lambda frame: abs(Fraction(frame) / rate - Fraction(event.onset)))
        assert abs(float(onset / rate) - event.onset) <= float(1 / rate) / 2 + 1e-6
        assert f"{one_line(event.label)} {event.score:.4f}" in said[onset]
        ends = [frame for frame in said if f"end of {one_line(event.label)}" in said[frame]]
        assert min(abs(float(end / rate) - event.offset) for end in ends) <= 1.5 * float(1 / rate)


def test_what_meets_in_a_frame_shares_a_guide() -> None:
    events = (Event(0, 2, "Bark", 0.9), Event(2, 3, "Bell\n", 0.5))
    entry = Entry(Result("a", "ok", duration=4, events=events), footage=footage(Fraction(25)))
    assert json.loads(KDENLIVE.write([entry])) == [
        {"pos": 0, "comment": "Bark 0.9000", "type": 0},
        {"pos": 50, "comment": "Bell 0.5000 / end of Bark", "type": 0},
        {"pos": 75, "comment": "end of Bell", "type": 1},
    ]


def test_a_video_without_events() -> None:
    assert json.loads(KDENLIVE.write([Entry(failed())])) == []
