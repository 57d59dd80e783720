"""Labelled seconds of a film: which cells are meant, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.datasets.examples import Example
from avel.pipeline.learning.labelled import Labelled, in_film, num_seconds
from avel.pipeline.method.taught import look
from avel.pipeline.reasons import InputError
from tests.pipeline.learning.taught_films import example, features, plain_looks

PATH = Path("a.mp4")


def labelled(*examples: Example, heard: list[int] | None = None, cut: float = 0) -> Labelled:
    heard = heard or [0] * 8
    made = features(heard, [1 if sound != -2 else -1 for sound in heard])
    made = replace(made, duration=made.duration - cut)
    return in_film(PATH, examples, made, look(made, plain_looks()))


@pytest.mark.parametrize(
    ("span", "cells", "rest"),
    [
        ((2, 5), [2, 3, 4], [0, 1, 5, 6, 7]),
        ((2.5, 7), [2, 3, 4, 5, 6], [0, 1, 7]),
        ((2.6, 5.4), [3, 4], [0, 1, 6, 7]),
        ((2.1, 2.3), [2], [0, 1, 3, 4, 5, 6, 7]),
        ((0, None), [0, 1, 2, 3, 4, 5, 6, 7], []),
        ((6, None), [6, 7], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_cells_that_are_half_covered(
    span: tuple[float, float | None], cells: list[int], rest: list[int]
) -> None:
    film = labelled(example("Bark", *span))
    np.testing.assert_array_equal(film.shows["Bark"], cells)
    np.testing.assert_array_equal(film.rest, rest)


def test_several_events_of_one_film() -> None:
    film = labelled(example("Bark", 0, 2), example("Bark", 4, 5), example("Speech", 1, 3))
    np.testing.assert_array_equal(film.shows["Bark"], [0, 1, 4])
    np.testing.assert_array_equal(film.shows["Speech"], [1, 2])
    np.testing.assert_array_equal(film.rest, [3, 5, 6, 7])
    assert num_seconds(film) == 4


def test_background_of_a_film_is_no_event() -> None:
    film = labelled(example("background", 0, 3))
    assert not film.shows
    np.testing.assert_array_equal(film.rest, range(8))
    both = labelled(example("background", 5, 8), example("Bark", 0, 6))
    np.testing.assert_array_equal(both.rest, [5, 6, 7])
    np.testing.assert_array_equal(both.shows["Bark"], range(6))


def test_seconds_without_a_sense_teach_nothing() -> None:
    film = labelled(example("Bark", 0, 4), heard=[0, -1, 0, -2, 0, -1])
    np.testing.assert_array_equal(film.shows["Bark"], [0, 2])
    np.testing.assert_array_equal(film.rest, [4])


def test_vectors_by_the_number_of_the_event() -> None:
    film = labelled(example("Bark", 0, 2), example("Speech", 6, 8))
    made = film.as_film(("Speech", "Bark"))
    np.testing.assert_array_equal(made.shows[1], film.vectors[:2])
    np.testing.assert_array_equal(made.shows[0], film.vectors[6:])
    np.testing.assert_array_equal(made.rest, film.vectors[2:6])
    assert list(film.as_film(("Speech",)).shows) == [0]


@pytest.mark.parametrize(("span", "words"), [((6, 12), "6-12 s"), ((9, None), "from 9 s on")])
def test_times_outside_the_film(span: tuple[float, float | None], words: str) -> None:
    said = f"--event Bark a.mp4: {words} lies outside the film, which is 7.8 s long"
    with pytest.raises(InputError, match=said):
        labelled(example("Bark", *span), cut=0.2)


def test_the_last_second_may_be_named_whole() -> None:
    np.testing.assert_array_equal(labelled(example("Bark", 6, 8), cut=0.2).shows["Bark"], [6, 7])


def test_an_ave_row_may_reach_over_a_short_film() -> None:
    film = labelled(replace(example("Bark", 6, 10), loose=True))
    np.testing.assert_array_equal(film.shows["Bark"], [6, 7])


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ([-1] * 8, "the film has no sound"),
        ([-2] * 8, "the film has no sound and picture"),
        ([-1] * 4 + [0] * 4, "0-3 s has no sound"),
    ],
)
def test_nothing_to_hear(heard: list[int], said: str) -> None:
    with pytest.raises(InputError, match=f"{said}; an event must be both heard and seen"):
        labelled(example("Bark", 0, 3), heard=heard)
