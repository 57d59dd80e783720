"""Order restored, with bounded waiting."""

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.work.order import in_order


@given(st.permutations(range(12)))
def test_any_order_comes_out_sorted(numbers: list[int]) -> None:
    assert list(in_order(numbers, range(12), lambda n: n)) == list(range(12))


@given(st.permutations(range(12)), st.integers(0, 5))
def test_nothing_is_lost_when_few_may_wait(numbers: list[int], most: int) -> None:
    """However few may wait, and never more do."""
    held, waiting = 0, set()

    def coming():  # type: ignore[no-untyped-def]
        for number in numbers:
            waiting.add(number)
            yield number

    given_on = []
    for number in in_order(coming(), range(12), lambda n: n, most=most):
        waiting.discard(number)
        held = max(held, len(waiting))
        given_on.append(number)
    assert sorted(given_on) == list(range(12))
    assert held <= most + 1


def test_a_slow_first_holds_up_no_more_than_may_wait() -> None:
    found = in_order(iter([1, 2, 3, 0, 4]), range(5), lambda n: n, most=2)
    assert list(found) == [1, 0, 2, 3, 4]


def test_what_never_comes_is_left_out() -> None:
    assert list(in_order([2, 0], range(3), lambda n: n)) == [0, 2]
