"""Parts of a batch on threads: every part once, in order, each thread's work its own."""

import threading

import pytest
import torch
from torch import Tensor

from avel.extractors.threads import _pool, in_threads


@pytest.fixture(autouse=True)
def _as_before() -> object:
    threads = torch.get_num_threads()
    yield None
    torch.set_num_threads(threads)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 4, 64])
def test_all_parts_in_their_order(threads: int, most: int) -> None:
    torch.set_num_threads(threads)
    batch = torch.arange(11.0)[:, None]
    parts = in_threads(lambda part: part * 2, batch, most)
    assert torch.equal(torch.cat(parts), batch * 2)
    assert max(map(len, parts)) <= most
    assert len(parts) >= min(threads, 11)


def test_one_thread_stays_in_the_callers() -> None:
    torch.set_num_threads(1)
    names = in_threads(lambda part: threading.current_thread().name, torch.zeros(4, 1), 2)
    assert set(names) == {threading.current_thread().name}


def test_a_parts_own_work_is_not_shared_out_again() -> None:
    torch.set_num_threads(2)
    for _ in range(2):  # a thread that is used again, after somebody set the number anew
        assert in_threads(lambda part: torch.get_num_threads(), torch.zeros(4, 1), 2) == [1, 1]
        assert torch.get_num_threads() == 2
        torch.set_num_threads(2)


def test_a_part_that_is_alone_may_have_one_thread() -> None:
    """Several would add up a product in another order."""
    torch.set_num_threads(2)
    alone = torch.zeros(1, 1)
    assert in_threads(lambda part: torch.get_num_threads(), alone, 1) == [2]
    assert in_threads(lambda part: torch.get_num_threads(), alone, 1, one_each=True) == [1]
    torch.set_num_threads(1)
    assert in_threads(lambda part: len(part), torch.zeros(3, 1), 2, one_each=True) == [2, 1]


def test_later_threads_have_as_many_as_before() -> None:
    """What torch is told in one thread is what threads begin with; see `_pool`."""
    torch.set_num_threads(2)
    _pool.cache_clear()
    assert in_threads(lambda part: torch.get_num_threads(), torch.zeros(4, 1), 2) == [1, 1]
    found: list[int] = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert found == [2]


def test_parts_run_without_gradients() -> None:
    torch.set_num_threads(2)
    weight = torch.ones(1, requires_grad=True)
    parts = in_threads(lambda part: part * weight, torch.ones(4, 1), 2)
    assert not any(part.requires_grad for part in parts)


def test_what_a_part_raises_comes_out() -> None:
    def fail(part: Tensor) -> Tensor:
        raise ValueError(f"part of {len(part)}")

    torch.set_num_threads(2)
    with pytest.raises(ValueError, match="part of 2"):
        in_threads(fail, torch.ones(4, 1), 4)
