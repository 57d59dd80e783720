"""Work in a thread: in order, bounded, and nothing after an error."""

import threading

import pytest

from avel.cache.errors import CacheUnavailable
from avel.pipeline.method.scribe import MOST_WAITING, Scribe


def test_work_is_done_in_its_order_and_all_of_it() -> None:
    scribe, done = Scribe(), []
    for number in range(50):
        scribe.do(lambda number=number: done.append(number))  # type: ignore[misc]
    scribe.close()
    assert done == list(range(50))


def test_nobody_waits_for_a_piece_that_is_on_its_way() -> None:
    scribe, may, done = Scribe(), threading.Event(), []
    first = scribe.do(lambda: may.wait(60))
    rest = [scribe.do(lambda: done.append(1)) for _ in range(MOST_WAITING - 1)]
    assert (first.done(), done) == (False, [])
    may.set()
    scribe.close()
    assert all(future.done() for future in (first, *rest))
    assert len(done) == MOST_WAITING - 1


def test_who_brings_too_much_waits() -> None:
    """Memory stays bounded where the disk is slower than the encoder."""
    scribe, may = Scribe(), threading.Event()
    for _ in range(MOST_WAITING):
        scribe.do(lambda: may.wait(60))
    brought = threading.Event()

    def bring() -> None:
        scribe.do(lambda: None)
        brought.set()

    thread = threading.Thread(target=bring)
    thread.start()
    assert not brought.wait(0.1)
    may.set()
    thread.join(60)
    assert brought.is_set()
    scribe.close()


def full() -> None:
    raise CacheUnavailable("cache: the disk is full")


def test_an_error_is_the_callers_and_the_end() -> None:
    """What comes next may rest on what failed: a film must not be published without a window."""
    scribe, done = Scribe(), []
    failed = scribe.do(full)
    assert isinstance(failed.exception(60), CacheUnavailable)
    with pytest.raises(CacheUnavailable, match="the disk is full"):
        scribe.do(lambda: done.append(1))
    with pytest.raises(CacheUnavailable, match="the disk is full"):
        scribe.do(lambda: done.append(2))
    scribe.close()
    assert done == []


def test_what_waits_behind_an_error_is_not_done() -> None:
    scribe, may, done = Scribe(), threading.Event(), []
    scribe.do(lambda: may.wait(60))
    scribe.do(full)
    last = scribe.do(lambda: done.append(1))
    may.set()
    scribe.close()
    assert isinstance(last.exception(60), CacheUnavailable)
    assert done == []
