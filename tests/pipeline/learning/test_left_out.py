"""Leave one out: who is judged, and what counts as right."""

import pytest

from avel.pipeline.learning import left_out
from avel.pipeline.learning.labelled import Labelled
from avel.pipeline.learning.left_out import Judged, leave_out, top_event
from avel.pipeline.learning.lesson import learn
from avel.pipeline.method.events import Event
from tests.pipeline.learning.taught_films import film, plain_looks

BARK = [film(f"dog{n}.mp4", "Bark", [0, 0, 0, 5], [0] * 4) for n in range(3)]
MEOW = [film(f"cat{n}.mp4", "Meow", [1, 1, 1, 5], [1] * 4) for n in range(2)]
HOWL = film("wolf.mp4", "Howl", [2, 2, 5, 5], [2] * 4)
RAIN = film("rain.mp4", "background", [5] * 4, [5] * 4)


def judged(*films: Labelled) -> Judged:
    return leave_out(films, learn(films, plain_looks(), {}))


def test_films_whose_event_another_film_shows_are_judged() -> None:
    found = judged(*BARK, *MEOW, HOWL, RAIN)
    assert (found.films, found.right, found.silent) == (5, 5, 0)
    assert (found.background, found.quiet) == (1, 1)
    assert found.alone == ("Howl",)
    assert found.accuracy == 1
    assert found.in_words() == (
        "leave one out: top event right in 5 of 5 films (100%), no event in 0; not judged, with one "
        "film each: Howl; 1 of 1 background films quiet"
    )


def test_a_film_that_is_not_like_its_kind_is_silent_or_wrong() -> None:
    silent = film("odd.mp4", "Bark", [7, 7, 7, 5], [7] * 4)
    wrong = film("wrong.mp4", "Bark", [1, 1, 1, 5], [1] * 4)
    found = judged(*BARK, *MEOW, silent, wrong)
    assert (found.films, found.right, found.silent) == (7, 5, 1)


def test_one_film_for_each_event_leaves_nothing_out() -> None:
    found = judged(BARK[0], MEOW[0])
    assert (found.films, found.accuracy) == (0, None)
    assert found.alone == ("Bark", "Meow")
    assert "nothing to leave out, every event is shown by one film" in found.in_words()


def test_one_film_alone() -> None:
    assert judged(BARK[0]).films == 0


def test_many_films_are_left_out_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []
    real = left_out.without
    monkeypatch.setattr(left_out, "MOST_ALONE", 4)
    monkeypatch.setattr(left_out, "FOLDS", 2)
    monkeypatch.setattr(
        left_out, "without", lambda lesson, films: fits.append(len(films)) or real(lesson, films)
    )
    found = judged(*BARK, *MEOW)
    assert fits == [2, 3]
    assert (found.films, found.right) == (5, 5)


def test_the_top_event_has_the_most_of_the_film() -> None:
    events = [
        Event(0, 2, "short", 0.9),
        Event(3, 6, "long", 0.7),
        Event(2, 3, "short", 0.2),
    ]
    assert top_event(events) == "long"
    assert top_event([*events, Event(6, 7, "short", 0.9)]) == "short"
    assert top_event([]) is None
