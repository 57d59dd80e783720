"""A lesson: which events it has, what it finds, and when there is nothing to tell them by."""

import pytest

from avel.pipeline.learning.lesson import Lesson, learn, without
from avel.pipeline.reasons import InputError
from tests.pipeline.learning.taught_films import film, plain_looks

DOGS = film("dog.mp4", "Bark", [0, 0, 0, 0, 5, 5, 5, 5], [0] * 8)
CATS = film("cat.mp4", "Meow", [5, 5, 1, 1, 1, 1, 5, 5], [1] * 8)
FULL = film("full.mp4", "Bark", [0] * 4, [0] * 4)
NOTHING = film("rain.mp4", "background", [5] * 4, [5] * 4)


def lesson(*films: object) -> Lesson:
    return learn(films, plain_looks(), {"a": 1})  # type: ignore[arg-type]


def test_events_in_the_order_they_were_taught() -> None:
    taught = lesson(CATS, DOGS)
    assert taught.classes == ("Meow", "Bark")
    assert taught.taught.events.shape[0] == 2
    assert taught.features == {"a": 1}


def test_it_finds_what_it_was_taught_where_it_is() -> None:
    taught = lesson(CATS, DOGS)
    ((bark,), (meow,)) = (taught.events(each) for each in (DOGS, CATS))
    assert (bark.label, bark.onset, bark.offset) == ("Bark", 0, 4)
    assert (meow.label, meow.onset, meow.offset) == ("Meow", 2, 6)
    assert taught.events(NOTHING) == []


def test_a_film_that_is_left_out_takes_its_event_along() -> None:
    fewer = without(lesson(CATS, DOGS, FULL), [FULL, DOGS])
    assert fewer.classes == ("Bark",)
    assert fewer.events(CATS) == []


def test_one_event_needs_something_to_tell_it_from() -> None:
    with pytest.raises(InputError, match="'Bark' is the only event and fills its films"):
        lesson(FULL)
    assert lesson(DOGS).classes == ("Bark",)
    assert lesson(FULL, NOTHING).classes == ("Bark",)
    assert lesson(FULL, CATS).classes == ("Bark", "Meow")


def test_background_alone_teaches_nothing() -> None:
    with pytest.raises(InputError, match="only background was given; teach an event with --event"):
        lesson(NOTHING)
