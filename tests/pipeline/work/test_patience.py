"""Waiting for room: how long, how often, and what is said."""

import threading

import pytest

from avel.cache.errors import CacheError, CacheFull
from avel.pipeline.work.patience import LOOK_SECONDS, Patience

FULL = CacheFull("/cache/x: the disk is full; everything published before is kept")


class Disk:
    """Full for some tries; time goes on with each wait."""

    def __init__(self, tries: int) -> None:
        self.tries, self.now, self.waits, self.said = tries, 0.0, list[float](), list[str]()

    def write(self) -> str:
        self.tries -= 1
        if self.tries >= 0:
            raise FULL
        return "written"

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, clock=lambda: self.now, wait=self.wait, tell=self.said.append)


def test_what_is_written_at_once_is_not_mentioned() -> None:
    disk = Disk(0)
    assert disk.patience(60)(disk.write) == "written"
    assert (disk.waits, disk.said) == ([], [])


def test_it_goes_on_when_space_returns() -> None:
    disk = Disk(3)
    assert disk.patience(60)(disk.write) == "written"
    assert disk.waits == [LOOK_SECONDS] * 3
    assert disk.said == [
        "/cache/x: the disk is full; waiting up to 1 min for room (--wait-for-room), then the run "
        "ends with exit code 4; what is finished is kept",
        "there is room again after 15 s",
    ]


def test_the_wait_has_an_end() -> None:
    disk = Disk(1000)
    with pytest.raises(CacheFull, match="everything published before is kept"):
        disk.patience(12)(disk.write)
    assert disk.waits == [LOOK_SECONDS, LOOK_SECONDS, 2.0]
    assert disk.tries == 1000 - 4, "once more at the very end"
    assert len(disk.said) == 1


def test_without_patience_nothing_is_waited_for_or_said() -> None:
    disk = Disk(1)
    with pytest.raises(CacheFull):
        disk.patience(0)(disk.write)
    assert (disk.waits, disk.said) == ([], [])


def test_each_time_it_is_said_anew() -> None:
    disk = Disk(1)
    patience = disk.patience(60)
    patience(disk.write)
    disk.tries = 1
    patience(disk.write)
    assert len(disk.said) == 4


def test_another_trouble_is_not_waited_for() -> None:
    disk = Disk(0)

    def refused() -> None:
        raise CacheError("not writable")

    with pytest.raises(CacheError, match="not writable"):
        disk.patience(60)(refused)
    assert disk.waits == []


def test_who_is_told_to_stop_tries_once_more() -> None:
    disk = Disk(1000)
    patience = disk.patience(1e6)

    def wait(seconds: float) -> None:
        patience.stop()

    patience._wait = wait
    with pytest.raises(CacheFull):
        patience(disk.write)
    assert disk.tries == 1000 - 2


def test_a_stop_ends_a_real_wait() -> None:
    """Of a thread, which would look again in five seconds."""
    said = list[str]()
    patience, full = Patience(1e6, tell=said.append), threading.Event()
    raised = list[CacheFull]()

    def write() -> None:
        full.set()
        raise FULL

    def run() -> None:
        try:
            patience(write)
        except CacheFull as err:
            raised.append(err)

    thread = threading.Thread(target=run)
    thread.start()
    full.wait()
    patience.stop()
    thread.join(LOOK_SECONDS / 2)
    assert raised == [FULL]


def test_several_that_wait_are_one_sentence() -> None:
    disk = Disk(2)
    patience = disk.patience(60)

    def both() -> str:
        return patience(disk.write)

    first = True

    def outer() -> str:
        nonlocal first
        if first:
            first = False
            raise FULL
        return both()

    assert patience(outer) == "written"
    assert sum("waiting up to" in line for line in disk.said) == 1
