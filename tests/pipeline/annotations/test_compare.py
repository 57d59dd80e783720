"""Events that were found beside annotated ones."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.annotations.compare import Film, compare
from avel.pipeline.annotations.gather import Corrected
from avel.pipeline.method.events import Event
from tests.pipeline.annotations.made import TEN
from tests.pipeline.annotations.test_spans import spans


def film(
    found: list[tuple[float, float, str]],
    truth: list[tuple[float, float, str]],
    name: str = "a.mp4",
) -> Film:
    corrected = Corrected(Path(name), TEN, tuple(spans(*truth)), ())
    return Film(tuple(Event(on, off, label, 0.5) for on, off, label in found), corrected)


def test_all_is_right() -> None:
    both = [(1.0, 4.0, "Bark"), (6.0, 8.0, "Meow")]
    numbers = compare([film(both, both)])
    assert (numbers["event_f1"], numbers["segment_accuracy"]) == (1, 1)
    assert (numbers["films"], numbers["seconds"], numbers["right"]) == (1, 10, 2)
    assert numbers["onset_error"] == {"median": 0, "mean": 0, "largest": 0}


def test_errors_are_found_minus_annotated() -> None:
    numbers = compare(
        [film([(1.5, 4.0, "Bark"), (6, 8, "Bark")], [(1.0, 4.25, "Bark"), (6.25, 8, "Bark")])]
    )
    assert numbers["onset_error"] == {"median": 0.375, "mean": 0.125, "largest": 0.5}
    assert numbers["offset_error"] == {"median": 0.125, "mean": -0.125, "largest": 0.25}


def test_half_of_the_union_is_needed_and_each_event_counts_once() -> None:
    truth = [(0.0, 4.0, "Bark")]
    assert compare([film([(0, 2, "Bark")], truth)])["right"] == 1
    assert compare([film([(0, 1.9, "Bark")], truth)])["right"] == 0
    assert compare([film([(0, 4, "Bark"), (0, 3, "Bark")], truth)])["right"] == 1


def test_an_event_of_another_film_or_label_is_no_match() -> None:
    one = film([(0, 4, "Bark")], [(0, 4, "Meow")])
    two = film([], [(0, 4, "Bark")], "b.mp4")
    numbers = compare([one, two])
    assert (numbers["right"], numbers["event_f1"], numbers["onset_error"]) == (0, 0, None)
    assert numbers["segment_accuracy"] == 12 / 20


def test_each_label_by_itself_the_most_annotated_first() -> None:
    truth = [(0.0, 2.0, "Bark"), (4.0, 6.0, "Bark"), (8.0, 10.0, "Meow")]
    numbers = compare([film([(0, 2, "Bark"), (4, 6, "Rain"), (8, 9, "Meow")], truth)])
    assert list(numbers["labels"]) == ["Bark", "Meow", "Rain"]
    bark = numbers["labels"]["Bark"]
    assert (bark["annotated"], bark["found"], bark["right"]) == (2, 1, 1)
    assert (bark["precision"], bark["recall"], bark["event_f1"]) == (1, 0.5, pytest.approx(2 / 3))
    assert bark["segment_accuracy"] == 0.5
    rain = numbers["labels"]["Rain"]
    assert (rain["recall"], rain["precision"], rain["event_f1"]) == (None, 0, 0)
    assert numbers["labels"]["Meow"]["segment_accuracy"] == 0.5


def test_nothing_found_and_nothing_there() -> None:
    numbers = compare([film([], [])])
    assert (numbers["event_f1"], numbers["segment_accuracy"], numbers["labels"]) == (None, 1, {})


def test_the_number_of_seconds_is_the_films() -> None:
    short = film([(0, 2, "Bark")], [(0, 2, "Bark")])
    footage = replace(TEN, duration=Fraction(5, 2))
    numbers = compare([replace(short, corrected=replace(short.corrected, footage=footage))])
    assert numbers["seconds"] == 3
