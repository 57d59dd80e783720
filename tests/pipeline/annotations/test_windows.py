"""Stretches to be asked about."""

import pytest

from avel.pipeline.annotations.windows import windows_of
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result


def result(*relevance: float, **given: object) -> Result:
    T = len(relevance)
    words = {"decoder": {"threshold": 0.5}, **given}
    return Result("a.mp4", "ok", duration=float(T), segments=T, relevance=relevance, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("T", "expected"),
    [
        (1, [(0, 1)]),
        (10, [(0, 10)]),
        (12, [(0, 10), (2, 12)]),
        (20, [(0, 10), (5, 15), (10, 20)]),
        (23, [(0, 10), (5, 15), (10, 20), (13, 23)]),
    ],
)
def test_stretches_hold_every_cell(T: int, expected: list[tuple[int, int]]) -> None:
    assert [(w.start, w.stop) for w in windows_of(0, result(*[0.0] * T))] == expected


def test_a_film_without_cells_has_none() -> None:
    assert list(windows_of(0, result())) == []


def test_the_clearest_seconds_stand_for_a_stretch() -> None:
    (one,) = windows_of(4, result(0, 0, 0.5, 0.5, 0.25, 0))
    assert one.film == 4
    assert one.uncertainty == pytest.approx((1 + 1 + 0.5) / 3)


def test_the_guess_is_the_surest_event_of_the_stretch() -> None:
    events = (Event(0, 2, "Cat", 0.9), Event(11, 12, "Bark", 0.4), Event(12, 14, "Owl", 0.6))
    found = windows_of(0, result(*[0.1] * 20, events=events))
    assert [w.guess for w in found] == ["Cat", "Owl", "Owl"]


def test_without_an_event_the_guess_is_the_likeliest_seconds() -> None:
    classes = (("Cat", 0.1), ("Owl", 0.2), ("Cat", 0.1))
    (one,) = windows_of(0, result(0.1, 0.4, 0.2, top_classes=classes))
    assert one.guess == "Owl"
    (other,) = windows_of(0, result(0.1, 0.4, 0.2))
    assert other.guess == ""
