"""Batches halve where memory runs out and grow again, more carefully each time that it was wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.batch_size import MOST_PATIENCE, PATIENCE, BatchSize


def calm(size: BatchSize, batches: int) -> list[int]:
    """Sizes of so many batches that fit."""
    found = []
    for _ in range(batches):
        found.append(size.now)
        size.went_well()
    return found


def test_it_stays_where_nothing_happens() -> None:
    size = BatchSize(32)
    assert set(calm(size, 5 * PATIENCE)) == {32}


def test_it_shrinks_and_grows_to_where_it_was() -> None:
    size = BatchSize(12)
    assert size.shrink()
    assert size.shrink()
    assert calm(size, PATIENCE) == [3] * PATIENCE
    assert calm(size, PATIENCE) == [6] * PATIENCE
    assert calm(size, 3 * PATIENCE) == [12] * 3 * PATIENCE


def test_odd_sizes_do_not_outgrow_the_first() -> None:
    size = BatchSize(5)
    size.shrink()
    assert size.now == 2
    calm(size, PATIENCE)
    assert size.now == 4
    calm(size, PATIENCE)
    assert size.now == 5


def test_nothing_is_smaller_than_one() -> None:
    size = BatchSize(2)
    assert size.shrink()
    assert not size.shrink()
    assert size.now == 1
    assert not BatchSize(0).shrink()


def tried_after(size: BatchSize) -> int:
    """Batches of the smaller size until the larger is tried, which fails."""
    small = size.now
    count = 0
    while size.now == small:
        size.went_well()
        count += 1
    size.shrink()
    return count


def test_a_larger_batch_that_fails_again_is_tried_half_as_often() -> None:
    size = BatchSize(32)
    size.shrink()
    waits = [tried_after(size) for _ in range(9)]
    assert waits[:4] == [PATIENCE, 2 * PATIENCE, 4 * PATIENCE, 8 * PATIENCE]
    assert waits[-1] == MOST_PATIENCE
    assert size.now == 16


def test_trouble_starts_the_count_again() -> None:
    size = BatchSize(32)
    size.shrink()
    calm(size, PATIENCE - 1)
    size.shrink()
    assert calm(size, PATIENCE) == [8] * PATIENCE
    assert size.now == 16


@given(st.integers(1, 100), st.lists(st.booleans(), max_size=200))
def test_sizes_are_always_possible(most: int, fits: list[bool]) -> None:
    size = BatchSize(most)
    for fitted in fits:
        if fitted:
            size.went_well()
        else:
            size.shrink()
        assert 1 <= size.now <= most


@pytest.mark.parametrize("room", [1, 3, 8, 31])
def test_few_batches_fail_where_memory_stays_short(room: int) -> None:
    size, failed, batches = BatchSize(32), 0, 0
    while batches < 5_000:
        if size.now > room:
            failed += 1
            size.shrink()
        else:
            batches += 1
            size.went_well()
    assert failed <= 5 + 12  # to where it fits, and a try at every doubling of the patience
