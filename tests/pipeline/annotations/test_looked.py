"""Seconds that somebody looked at."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.looked import WHOLE, asked_for, cells_within, parted
from avel.pipeline.annotations.marks import END, Mark
from tests.pipeline.annotations.made import said, sheet


def test_suggested_stretches_are_no_events() -> None:
    whole = sheet("a.txt", (0, 10, " Suggested"), (2, 4, "Bark"), (3, 5, "suggested bark"))
    rest, asked = parted(whole)
    assert said(rest) == [(2, 4, "Bark"), (3, 5, "suggested bark")]
    assert [(mark.onset, mark.offset) for mark in asked] == [(0, 10)]


def test_without_one_the_whole_film_was_looked_at() -> None:
    assert asked_for((), Fraction(25)) == [WHOLE]
    assert cells_within([WHOLE], 7) == [range(7)]


def test_frames_are_of_the_films_rate() -> None:
    mark = Mark("suggested", 50, 300, "region 1", frames=True)
    assert asked_for([mark], Fraction(25)) == [(2, 12)]
    assert asked_for([mark], Fraction(0)) == [], "nothing is known of where that is"


def test_the_last_cell_may_be_short() -> None:
    assert cells_within([(5.0, 12.6)], 13) == [range(5, 13)]
    assert cells_within([(5.0, 12.0)], 13) == [range(5, 12)]
    assert cells_within([(5.0, END)], 13) == [range(5, 13)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=6), st.integers(1, 40))
def test_runs_hold_each_cell_once(spans: list[tuple[int, int]], num_cells: int) -> None:
    stretches = [(float(onset), float(onset + length)) for onset, length in spans]
    runs = cells_within(stretches, num_cells)
    expected = {c for on, off in stretches for c in range(int(on), int(off)) if c < num_cells}
    assert [cell for run in runs for cell in run] == sorted(expected)
    assert all(a.stop < b.start for a, b in pairwise(runs))


def test_a_films_path_stays(tmp_path: Path) -> None:
    assert parted(sheet(tmp_path / "a.txt", film="b.mp4"))[0].films == ("b.mp4",)
