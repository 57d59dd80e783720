"""Texts come back in their order, whatever order they came in."""

import io

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.sorting import Sorting


@given(st.dictionaries(st.integers(0, 10**12), st.text(st.characters(codec="utf-8"))))
def test_by_their_numbers(texts: dict[int, str]) -> None:
    sorting = Sorting(io.BytesIO())
    for number, text in texts.items():
        sorting.add(number, text)
    assert list(sorting) == [texts[number] for number in sorted(texts)]
    assert list(sorting) == [texts[number] for number in sorted(texts)]  # as often as is asked


def test_of_one_number_in_the_order_of_coming() -> None:
    sorting = Sorting(io.BytesIO())
    for number, text in ((1, "b"), (0, "a"), (1, "c"), (1, "")):
        sorting.add(number, text)
    assert list(sorting) == ["a", "b", "c", ""]


def test_a_name_that_is_no_utf_8_does_not_end_it() -> None:
    sorting = Sorting(io.BytesIO())
    sorting.add(0, "a\udcffb")
    assert list(sorting) == ["a\\udcffb"]
