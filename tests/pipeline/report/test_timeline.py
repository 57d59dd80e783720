"""Where things stand on the timeline: a second is a second's width everywhere."""

from itertools import pairwise

import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.report.timeline import BARS, LANE, LANES, NARROWEST, WIDTH, lay_out, seconds_of
from tests.pipeline.report.material import result

SECOND = WIDTH / 4


def test_the_axis_shows_the_last_segment_whole() -> None:
    assert seconds_of(result()) == 4
    assert seconds_of(result(duration=9.25)) == 9.25


def test_bars_stand_on_their_segments_as_high_as_their_relevance() -> None:
    line = lay_out(result(), None)
    assert line
    for t, (bar, relevance) in enumerate(zip(line.bars, (0.9, 0.8, 0.1, 0.6), strict=True)):
        assert bar.x + bar.width / 2 == pytest.approx((t + 0.5) * SECOND)
        assert bar.width == pytest.approx(SECOND - 2)
        assert bar.height == pytest.approx(BARS * relevance)
        assert bar.y + bar.height == pytest.approx(BARS)  # all on the axis
    assert [bar.strong for bar in line.bars] == [True, True, False, False]
    assert line.threshold == pytest.approx(BARS * 0.3)
    assert line.bars[2].tip == "2-3 s: relevance 0.10; if an event, cat (0.25)"


def test_a_decoder_without_a_threshold_is_shown_at_a_half() -> None:
    line = lay_out(result(decoder={"name": "argmax"}), None)
    assert line
    assert line.threshold == BARS / 2
    assert [bar.strong for bar in line.bars] == [True, True, False, True]


def test_events_and_truth_are_lanes_in_seconds() -> None:
    line = lay_out(result(), [("bell", 1.0, 3.0), ("cat", 3.0, 3.0)])
    assert line
    assert [(lane.name, lane.top) for lane in line.lanes] == [
        ("found", LANES),
        ("truth", LANES + LANE),
    ]
    found, truth = (lane.spans for lane in line.lanes)
    assert [(s.label, s.x, s.width) for s in found] == [
        ("dog", 0.0, 2 * SECOND),
        ("bell", 3 * SECOND, SECOND / 2),
    ]
    assert (truth[0].x, truth[0].width) == (SECOND, 2 * SECOND)
    assert truth[1].width == NARROWEST  # an event of no length can still be seen
    assert truth[0].hue == found[1].hue  # one label, one colour
    assert len({span.hue for span in (*found, *truth)}) == 3
    assert line.height == LANES + 8 + 2 * LANE


def test_no_truth_is_no_lane_and_an_empty_one_is() -> None:
    assert [len(lay_out(result(), t).lanes) for t in (None, [])] == [1, 2]  # type: ignore[union-attr]
    empty = lay_out(result(events=()), [])
    assert empty
    assert [lane.spans for lane in empty.lanes] == [[], []]


@pytest.mark.parametrize("segments", [1, 20, 60, 961, 7200])
def test_long_videos_have_bars_of_some_width_and_few_ticks(segments: int) -> None:
    long = result(
        duration=float(segments),
        segments=segments,
        relevance=(0.5,) * segments,
        top_classes=(("a", 0.5),) * segments,
        events=(),
    )
    line = lay_out(long, None)
    assert line
    assert all(bar.width >= WIDTH / segments / 2 - 1e-9 for bar in line.bars)
    assert 2 <= len(line.ticks) <= 41
    assert line.ticks[0] == (0, 0)
    assert all(x == pytest.approx(second * WIDTH / segments) for second, x in line.ticks)
    assert line.ticks[-1][0] <= segments


def test_a_file_that_failed_has_none() -> None:
    assert lay_out(result(segments=0, events=(), relevance=(), top_classes=()), []) is None


def test_events_at_the_same_time_are_in_rows_of_their_own() -> None:
    """Each row holds as many as do not touch; the source's name stands at its first."""
    events = (
        Event(0.0, 2.0, "dog", 0.9),
        Event(1.0, 3.0, "bell", 0.6),
        Event(1.5, 2.5, "cat", 0.6),
        Event(2.0, 3.5, "dog", 0.8),
    )
    line = lay_out(result(events=events), [("dog", 0.0, 1.0)])
    assert line is not None
    found = [(lane.name, [(s.label, s.onset) for s in lane.spans]) for lane in line.lanes]
    assert found == [
        ("found", [("dog", 0.0), ("dog", 2.0)]),
        ("", [("bell", 1.0)]),
        ("", [("cat", 1.5)]),
        ("truth", [("dog", 0.0)]),
    ]
    tops = [lane.top for lane in line.lanes]
    assert [b - a for a, b in pairwise(tops)] == [LANE] * 3
    assert line.height > tops[-1] + 26
    (dog, *_), (bell,) = line.lanes[0].spans, line.lanes[1].spans
    assert dog.hue != bell.hue
