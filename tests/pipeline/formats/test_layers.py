"""Layers hold all events, none over another, and are as few as can be."""

from itertools import pairwise

from hypothesis import given

from avel.pipeline.formats.layers import layer_name, layers
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import results


@given(results(most=12))
def test_no_event_is_lost_and_none_overlaps_another(result: Result) -> None:
    found = layers(result.events, 1000)
    assert sorted(p.event for layer in found for p in layer) == sorted(result.events)
    for layer in found:
        for one, other in pairwise(layer):
            assert one.offset <= other.onset


@given(results(most=12))
def test_layers_are_as_many_as_events_at_once(result: Result) -> None:
    found = layers(result.events, 1000)
    placed = [p for layer in found for p in layer]
    at_once = [sum(p.onset <= q.onset < p.offset for p in placed) for q in placed]
    assert len(found) == max(at_once, default=1)


def test_events_that_touch_share_a_layer() -> None:
    one, other = Event(0, 2, "a", 0.5), Event(2, 3, "b", 0.5)
    assert len(layers([one, other], 1000)) == 1
    assert [len(layer) for layer in layers([one, Event(1.999, 3, "b", 0.5)], 1000)] == [1, 1]


def test_there_is_a_layer_without_events() -> None:
    assert layers([], 1000) == [[]]
    assert [layer_name(number) for number in range(3)] == ["events", "events 2", "events 3"]
