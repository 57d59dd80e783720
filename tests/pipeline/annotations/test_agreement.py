"""How far two annotators agree, beside numbers that are known."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from avel.pipeline.annotations.agreement import Voice, agreement, kappa
from avel.pipeline.annotations.cells import cells_of
from tests.pipeline.annotations.test_spans import spans

LABELS = st.lists(st.tuples(*[st.sampled_from(["a", "b", None])] * 2), min_size=1, max_size=30)


def voice(who: str, *given_: tuple[float, float, str]) -> Voice:
    found = spans(*given_)
    return Voice(who, tuple(found), tuple(cells_of(found, 10).labels))


def test_kappa_of_cohens_own_kind_of_table() -> None:
    """20 both yes, 15 both no, 5 and 10 apart: 0.7 observed, 0.5 by chance."""
    pairs = [("y", "y")] * 20 + [("y", None)] * 5 + [(None, "y")] * 10 + [(None, None)] * 15
    assert kappa(*map(list, zip(*pairs, strict=True))) == pytest.approx(0.4)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of lists with one label
@given(LABELS)
def test_kappa_is_that_of_another_library(pairs: list[tuple[str | None, str | None]]) -> None:
    one, other = (
        ["-" if label is None else label for label in side] for side in zip(*pairs, strict=True)
    )
    own, theirs = kappa(one, other), float(cohen_kappa_score(one, other))
    assert (math.isnan(own) and len({*one, *other}) == 1) or own == pytest.approx(theirs)


def test_kappa_of_nothing() -> None:
    assert math.isnan(kappa([], []))


def test_seconds_and_events_of_two_films() -> None:
    first = voice("Ann", (0, 4, "Bark")), voice("Ben", (0, 3, "Bark"))
    second = voice("Ann", (0, 5, "Meow")), voice("Ben", (5, 10, "Meow"))
    found = agreement([Path("a.mp4"), Path("b.mp4")], [first, second])
    assert (found.one, found.other, found.seconds) == ("Ann", "Ben", 20)
    assert found.same == pytest.approx(9 / 20)
    assert found.event_f1 == pytest.approx(0.5)
    assert found.in_words().startswith("2 films: Ann and Ben agree in 45% of 20 s, kappa 0.")


def test_events_of_one_label_in_two_films_are_two() -> None:
    pair = voice("Ann", (0, 4, "Bark")), voice("Ben")
    other = voice("Ann"), voice("Ben", (0, 4, "Bark"))
    assert agreement([Path("a"), Path("b")], [pair, other]).event_f1 == 0


def test_two_that_say_one_thing() -> None:
    both = voice("Ann"), voice("Ben")
    found = agreement([Path("a.mp4")], [both])
    assert (found.same, found.event_f1) == (1, 1)
    assert found.in_words() == (
        "a.mp4: Ann and Ben agree in 100% of 10 s, kappa not defined, event F1 1.00"
    )
