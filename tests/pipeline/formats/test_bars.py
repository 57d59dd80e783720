"""Bars show each second where it is, and nothing is too short to be seen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.bars import bar, fitting, length, scale, when
from avel.pipeline.work.screen import Screen, width

PLAIN = Screen(80)


@pytest.mark.parametrize(
    ("stretches", "drawn"),
    [
        ([], "──────────"),
        ([(0, 10)], "━━━━━━━━━━"),
        ([(2, 4)], "──━━──────"),
        ([(2.5, 4.5)], "──╺━╸─────"),
        ([(3, 3.001)], "───╸──────"),
        ([(9.99, 10)], "─────────╺"),
        ([(10, 12)], "─────────╺"),
        ([(-1, 1)], "━─────────"),
        ([(0, 2), (1, 3), (8, 9)], "━━━─────━─"),
    ],
)
def test_bar(stretches: list[tuple[float, float]], drawn: str) -> None:
    given_ = [(onset, offset, 32) for onset, offset in stretches]
    assert bar(given_, 10, 10, PLAIN) == drawn
    ascii_ = re.sub("[━╺╸]", "=", drawn).replace("─", "-")
    assert bar(given_, 10, 10, Screen(80, draws=False)) == ascii_


def test_colours_of_a_bar_are_the_labels_and_the_first_wins() -> None:
    drawn = bar([(0, 2, 32), (1, 4, 33)], 5, 5, Screen(80, colours=True))
    assert drawn == "\x1b[32m━━\x1b[0m\x1b[33m━━\x1b[0m\x1b[2m─\x1b[0m"


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=5),
    st.floats(0.1, 100),
    st.integers(1, 60),
)
def test_a_bar_has_its_length_whatever_is_in_it(
    spans: list[tuple[float, float]], duration: float, columns: int
) -> None:
    drawn = bar([(on, on + more, 32) for on, more in spans], duration, columns, PLAIN)
    assert width(drawn) == columns
    assert (set(drawn) == {"─"}) == (not spans)


@pytest.mark.parametrize(
    ("duration", "columns", "fits"),
    [(10, 60, 60), (6, 60, 60), (7, 60, 56), (9.5, 45, 38), (94, 60, 60), (0.4, 60, 24)],
)
def test_a_second_has_whole_columns(duration: float, columns: int, fits: int) -> None:
    assert fitting(duration, columns) == fits


@pytest.mark.parametrize(
    ("duration", "columns", "marks"),
    [
        (10, 40, "0 s     2 s     4 s     6 s     8 s"),
        (6, 60, "0 s       1 s       2 s       3 s       4 s       5 s"),
        (90, 36, "0:00    0:20    0:40    1:00    1:20"),
        (7200, 40, "0:00      30:00     1:00:00   1:30:00"),
        (1, 3, "0 s"),
        (5, 2, ""),
    ],
)
def test_scale(duration: float, columns: int, marks: str) -> None:
    assert scale(duration, columns) == marks


@given(st.floats(0.1, 200_000), st.integers(10, 60))
def test_a_scale_is_within_its_bar_and_its_marks_are_apart(duration: float, columns: int) -> None:
    line = scale(duration, columns)
    assert len(line) <= columns
    assert line.startswith("0")
    gaps = [m.end() - m.start() for m in re.finditer(r"(?<=[\ds]) +(?=\d)", line)]
    assert all(gap >= 1 for gap in gaps)


def test_spans_and_lengths_in_few_letters() -> None:
    assert when(2, 4.5) == "2-4.5 s"
    assert when(0, 59.96) == "0-60 s"
    assert when(65, 80) == "1:05-1:20"
    assert when(50, 3700) == "0:50-1:01:40"
    assert (length(9.54), length(65), length(7200)) == ("9.5 s", "1:05", "2:00:00")
