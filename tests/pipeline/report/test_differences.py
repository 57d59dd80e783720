"""Differences of studies: each interval, seed and video stands where its number says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.report import differences as module
from avel.pipeline.report.differences import Axis, axis, forests, kind, said, shown, signed, strip
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.pairs import Pair

MINUS = "\N{MINUS SIGN}"
WIDE = Pair("no gate", "full", Difference(-4.0, -14.0, 6.0), {0: -6.0, 1: -2.0}, (-20.0, 0.0, 8.0))
SURE = Pair("no Mamba", "full", Difference(3.0, 1.0, 5.0), {0: 3.0}, (3.0, 3.0, 3.0))
OTHER = Pair("weak, none", "weak", Difference(-2.0, -3.0, -1.0), {2: -2.0}, (-2.0,))


def steps(path: str) -> list[tuple[float, float]]:
    """Height and end of each step of an area."""
    return [(float(y), float(x)) for y, x in re.findall(r"V([\d.]+)H([\d.]+)", path)]


def test_rows_are_grouped_by_what_they_are_compared_with() -> None:
    first, second = forests([WIDE, OTHER, SURE])
    assert (first.reference, [row.name for row in first.rows]) == ("full", ["no gate", "no Mamba"])
    assert (second.reference, [row.name for row in second.rows]) == ("weak", ["weak, none"])
    assert forests([]) == []


def test_all_of_one_forest_stand_on_one_axis() -> None:
    (forest,) = forests([WIDE, SURE])
    room = 20 * 0.04
    over = Axis(-14 - room, 6 + room)
    wide, sure = forest.rows
    assert forest.zero == over.at(0) == pytest.approx(100 * 14.8 / 21.6)
    assert wide.interval == pytest.approx((over.at(-14), over.at(6) - over.at(-14)))
    assert wide.mean == pytest.approx(over.at(-4))
    assert wide.seeds == pytest.approx([over.at(-6), over.at(-2)])
    assert sure.seeds == []  # one seed is the mean
    assert [row.kind for row in forest.rows] == ["unsure", "better"]
    assert [text for text, _ in forest.marks] == [f"{MINUS}10", f"{MINUS}5", "0", "+5"]
    assert [place for _, place in forest.marks] == pytest.approx(
        [over.at(x) for x in (-10, -5, 0, 5)]
    )


@given(st.lists(st.floats(-100, 100), max_size=8))
def test_everything_and_nothing_lie_on_the_axis(points: list[float]) -> None:
    over = axis(points)
    for x in (*points, 0.0):
        assert 0 <= over.at(x) <= 100
    places = [place for _, place in over.marks]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= 100 + 1e-9
    assert ("0", over.at(0)) in over.marks


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0.1, 2.0, "better"), (-2.0, -0.1, "worse"), (-1.0, 0.0, "unsure"), (0.0, 0.0, "unsure")],
)
def test_an_interval_over_0_says_nothing_surely(low: float, high: float, found: str) -> None:
    assert kind(low, high) == found
    assert shown("a", Difference(0.5, low, high), axis([low, high]), strip([])).kind == found


def test_numbers_in_words() -> None:
    assert [signed(x) for x in (3.0, -0.25, 0.0, -0.01, 12.34)] == [
        "+3",
        f"{MINUS}0.2",
        "0",
        "0",
        "+12.3",
    ]
    assert said(WIDE.difference) == f"{MINUS}4 ({MINUS}14 to +6)"


def test_videos_stand_from_the_most_gained_to_the_most_lost() -> None:
    found = strip([-5.0, 10.0, 0.0, 5.0])
    assert found.said == "2 better, 1 worse, 1 alike"
    assert steps(found.gained) == [(0, 25), (25, 50), (50, 75), (50, 100)]
    assert steps(found.lost) == [(50, 25), (50, 50), (50, 75), (75, 100)]
    assert found.gained.startswith("M0 50")
    assert found.gained.endswith("V50Z")


def test_where_nothing_is_better_nothing_is_drawn() -> None:
    assert strip([0.0, 0.0]) == module.Strip("", "", "0 better, 0 worse, 2 alike")
    assert strip([]).said == "0 better, 0 worse, 0 alike"
    assert strip([-1.0]).gained == ""


def test_of_many_videos_as_many_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VIDEOS", 4)
    found = strip(float(n) for n in range(-5, 6))
    assert found.said == "5 better, 5 worse, 1 alike"
    assert len(steps(found.gained)) == 4
