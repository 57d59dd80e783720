"""Times as tools write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.numbers import clock, number
from avel.pipeline.formats.times import clock as written


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,5", 1.5), (" 0,000001 ", 1e-6), ("-2", -2.0), (".5", 0.5), ("1e3", 1000.0)],
)
def test_points_and_commas(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "Bark", "nan", "inf", "1.2.3", "1,000.5", "0x10", "1e999", "\u0661"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (finite )?number"):
        number(text)


@given(st.integers(0, 400 * 3600 * 1000), st.sampled_from(".,"))
def test_clocks_come_back_as_they_were_written(milliseconds: int, mark: str) -> None:
    assert clock(written(milliseconds, mark)) == milliseconds / 1000


def test_a_clock_without_hours_and_one_without_places() -> None:
    assert clock("01:02.500") == 62.5
    assert clock("1:00:00") == 3600.0


@pytest.mark.parametrize("text", ["", "1", "a:b", "1:2:3:4", "00:01,", "9" * 400 + ":00:01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time such as 00:01:02\.500"):
        clock(text)
