"""A set of numbers behaves as a set, and takes little memory."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.work import marks
from avel.pipeline.work.marks import Marks


@given(st.lists(st.integers(-(2**63), 2**64 - 1)))
def test_it_is_a_set(numbers: list[int]) -> None:
    found, expected = Marks(), set[int]()
    for number in numbers:
        mark = number % 2**64 or 1
        assert found.add(number) == (mark not in expected)
        expected.add(mark)
    assert set(found) == expected
    assert len(found) == len(expected)


def test_numbers_that_want_one_place_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "FIRST", 2)
    found, numbers = Marks(), [n << 20 for n in range(1, 60)]
    assert all(found.add(number) for number in numbers)
    assert not any(found.add(number) for number in numbers)
    assert sorted(found) == numbers


def test_a_number_takes_24_bytes_at_most() -> None:
    """While it grows 36."""
    chance = random.Random(0)
    numbers = [chance.getrandbits(64) for _ in range(20_000)]
    tracemalloc.start()
    found = Marks()
    for number in numbers:
        found.add(number)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 24 * len(numbers)
    assert peak < 40 * len(numbers)
