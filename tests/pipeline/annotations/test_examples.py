"""Corrected events as examples: nothing is written."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.examples import all_examples, examples_of
from avel.pipeline.annotations.spans import Span
from avel.pipeline.datasets.examples import check
from avel.pipeline.method.events import Event
from avel.pipeline.reasons import InputError

A = Path("a.mp4")


def taught(*events: Event) -> list[tuple[str, float, float | None]]:
    return [(each.label, each.onset, each.offset) for each in examples_of(A, events)]


def test_events_are_examples_with_their_own_times() -> None:
    assert taught(Event(0.25, 2.5, " Dog  bark ", 0.9), Event(4, 5, "Meow", 0.2)) == [
        ("Dog bark", 0.25, 2.5),
        ("Meow", 4.0, 5.0),
    ]


@pytest.mark.parametrize("events", [[Event(1, 2, "Bark", 1)], []])
def test_films_that_cannot_be_used_are_left_out_by_teaching_and_named(events: list[Event]) -> None:
    (made,) = examples_of(A, events)
    assert (made.path, made.listed, made.loose) == (A, True, True)
    assert str(A) in made.source


def test_a_film_without_events_teaches_that() -> None:
    (made,) = examples_of(A, [])
    assert (made.is_background, made.onset, made.offset) == (True, 0.0, None)


def test_overlaps_are_settled_so_that_teaching_takes_them() -> None:
    events = [Event(0, 8, "Rain", 1), Event(2, 4, "Bark", 1), Event(3, 5, "Bark", 1)]
    assert taught(*events) == [("Rain", 0, 2), ("Bark", 2, 5), ("Rain", 5, 8)]
    assert len(check(examples_of(A, events))) == 3


def test_background_is_background_however_it_is_written() -> None:
    assert taught(Event(0, 2, "Background", 1)) == [("background", 0, 2)]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Span(1, 2, " "), "the event at 1 s has an empty label; give it a name"),
        (Span(2, 2, "x"), "'x', 2-2 s, must begin at 0 s or later, and end later"),
        (Span(-1, 2, "x"), "'x', -1-2 s, must begin at 0 s or later"),
        (Span(0, float("inf"), "x"), "must begin at 0 s or later"),
        (Span(float("nan"), 2, "x"), "must begin at 0 s or later"),
    ],
)
def test_what_is_no_event(event: Span, words: str) -> None:
    with pytest.raises(InputError, match=f"a.mp4: .*{words}|a.mp4: {words}"):
        examples_of(A, [event])


def test_several_films() -> None:
    films = [(A, [Event(1, 2, "Bark", 1)]), (Path("b.mp4"), [])]
    assert [each.path for each in all_examples(films)] == [A, Path("b.mp4")]
    with pytest.raises(
        InputError, match=r"none of 1 film\(s\) shows an event; label one, there is"
    ):
        all_examples([(A, [])])
