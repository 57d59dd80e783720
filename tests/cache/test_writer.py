import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avel.cache.errors import CacheError, CacheFull, CacheUnavailable
from avel.cache.layout import Item
from avel.cache.store import Store
from avel.cache.writer import Writer, publish_shard
from tests.cache.items import (
    arrays,
    assert_holds,
    fill,
    fill_up,
    item,
    key,
    shards,
    small_disk,
    store,
    wait_until,
)


class HandTimer:
    """A timer that a test lets run out."""

    made: list["HandTimer"] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self.seconds, self.action = seconds, action
        self.daemon = self.started = self.cancelled = False
        HandTimer.made.append(self)

    def start(self) -> None:
        self.started = True

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture(autouse=True)
def _no_timers() -> None:
    HandTimer.made = []


def refuse(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


def test_the_timer_publishes_what_is_old_without_another_add(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer(max_seconds=7, timer=HandTimer) as writer:
        writer.add(key(0), arrays(0))
        writer.add(key(1), arrays(1))
        (timer,) = HandTimer.made
        assert (timer.seconds, timer.started, timer.daemon) == (7, True, True)
        assert shards(made) == []
        timer.action()
        wait_until(lambda: len(shards(made)) == 1)
        assert len(store(tmp_path)) == 2
        writer.add(key(2), arrays(2))
        assert len(HandTimer.made) == 2
    assert HandTimer.made[1].cancelled
    assert len(shards(made)) == 2


def test_the_real_timer(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer(max_seconds=0.01) as writer:
        writer.add(key(0), arrays(0))
        wait_until(lambda: len(shards(made)) == 1)
    assert_holds(store(tmp_path), 0)


def test_a_timer_that_runs_out_late_does_nothing(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer(timer=HandTimer) as writer:
        writer.add(key(0), arrays(0))
        writer.publish()
        assert HandTimer.made[0].cancelled
        HandTimer.made[0].action()
    HandTimer.made[0].action()
    assert len(shards(made)) == 1


def test_what_the_timer_could_not_publish_is_raised_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(tmp_path)
    with (
        pytest.raises(CacheError, match="the disk is full"),
        made.writer(timer=HandTimer) as writer,
    ):
        writer.add(key(0), arrays(0))
        monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
        HandTimer.made[0].action()
    assert key(0) not in made  # it is not on the disk, so it is not shown any more
    assert made.get(key(0)) is None


def test_a_slow_disk_is_not_flooded_by_the_timer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, go = store(tmp_path), threading.Event()
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (go.wait(), real(handle)))
    with made.writer(timer=HandTimer) as writer:
        for number in range(3):
            writer.add(key(number), arrays(number))
            HandTimer.made[-1].action()
        assert len(writer._flying) == 2
        assert HandTimer.made[-1].started
        assert not HandTimer.made[-1].cancelled  # the third waits for another turn
        go.set()
    assert len(store(tmp_path)) == 3


@pytest.mark.parametrize("limits", [{"max_items": 3}, {"max_bytes": 3 * item(6).num_bytes}])
def test_a_full_buffer_is_published(tmp_path: Path, limits: dict[str, int]) -> None:
    made = store(tmp_path)
    with made.writer(timer=HandTimer, **limits) as writer:
        for number in (6, 13, 20):
            assert shards(made) == []
            writer.add(key(number), arrays(number))
        wait_until(lambda: len(shards(made)) == 1)


def test_the_newest_of_a_key_wins_on_disk_too(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer(max_items=1) as writer:
        for number in range(20):
            writer.add(key(0), {"a": np.array([number])})
            found = made.get(key(0))
            assert found is not None
            assert found["a"][0] == number
    for opened in (made, store(tmp_path)):
        found = opened.get(key(0))
        assert found is not None
        assert found["a"][0] == 19
        assert len(opened) == 1


def test_a_key_twice_in_a_buffer_counts_once(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer() as writer:
        writer.add(key(0), arrays(0))
        writer.add(key(0), arrays(7))
        assert writer._bytes == item(7).num_bytes
    found = store(tmp_path).get(key(0))
    assert found is not None
    np.testing.assert_array_equal(found["visual"], arrays(7)["visual"])


def test_an_item_of_another_shape_is_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    made = store(tmp_path)
    with (
        pytest.raises(ValueError, match=r"array 'visual' is float32\[4\] per row, the shard's is"),
        made.writer() as writer,
    ):
        writer.add(key(0), arrays(0))
        writer.add(key(1), {**arrays(1), "visual": np.zeros((2, 4), np.float32)})
    again = store(tmp_path)
    assert again.keys() == [key(0)]
    assert_holds(again, 0)


def test_a_key_must_be_a_sha256(tmp_path: Path) -> None:
    made = store(tmp_path)
    for wrong in ("abcd", "x" * 64, key(0) + "00"):
        with (
            pytest.raises(
                ValueError, match=f"key '{wrong}' must be a sha256: 64 hexadecimal digits"
            ),
            made.writer() as writer,
        ):
            writer.add(wrong, arrays(0))


def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    with store(tmp_path).writer() as writer:
        pass
    with pytest.raises(ValueError, match=f"item {key(0)[:12]}: its writer is closed"):
        writer.add(key(0), arrays(0))


def test_an_interrupt_publishes_what_is_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), store(tmp_path).writer() as writer:
        writer.add(key(0), arrays(0))
        raise KeyboardInterrupt
    assert_holds(store(tmp_path), 0)


def test_an_item_that_cannot_be_read_does_not_lose_those_that_are_finished(tmp_path: Path) -> None:
    with pytest.raises(CacheUnavailable, match="elsewhere"), store(tmp_path).writer() as writer:
        writer.add(key(0), arrays(0))
        raise CacheUnavailable("elsewhere")
    assert_holds(store(tmp_path), 0)


def test_a_disk_that_said_no_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(tmp_path)
    with pytest.raises(CacheError, match="the disk is full"), made.writer() as writer:
        writer.add(key(0), arrays(0))
        monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
        try:
            writer.publish()
        finally:
            writer.add(key(1), arrays(1))
            monkeypatch.undo()
    assert len(store(tmp_path)) == 0
    assert key(1) not in made


def test_items_after_an_error_that_was_caught_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store(tmp_path).writer() as writer:
        writer.add(key(0), arrays(0))
        monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
        with pytest.raises(CacheError, match="the disk is full"):
            writer.publish()
        monkeypatch.undo()
        writer.add(key(1), arrays(1))
    assert store(tmp_path).keys() == [key(1)]


def test_publishing_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_shard(tmp_path, "a", [item(0)], "f" * 64)
    assert os.listdir(tmp_path) == ["a.h5"]
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(CacheUnavailable, match=r"cannot be written now \(Input/output error\)"):
        publish_shard(tmp_path, "b", [item(0)], "f" * 64)
    assert os.listdir(tmp_path) == ["a.h5"]


def test_items_are_held_until_the_snapshot_has_them(tmp_path: Path) -> None:
    made = store(tmp_path)
    states = []
    adopt = made.adopt

    def watch(*args: object) -> None:
        states.append((key(0) in made._held, made._snapshot.find(bytes.fromhex(key(0)))))
        adopt(*args)  # type: ignore[arg-type]
        states.append((key(0) in made._held, made._snapshot.find(bytes.fromhex(key(0)))))

    made.adopt = watch  # type: ignore[method-assign]
    with Writer(made) as writer:
        writer.add(key(0), arrays(0))
        assert made.get(key(0), ["mask"]).keys() == {"mask"}  # type: ignore[union-attr]
    assert [bool(places) for _, places in states] == [False, True]
    assert made._held == {}


def test_only_the_same_item_is_dropped(tmp_path: Path) -> None:
    made = store(tmp_path)
    old, new = item(0), Item(item(0).key, arrays(1))
    made.hold(old)
    made.hold(new)
    made.drop([old])
    assert made.get(key(0)) == dict(new.arrays)
    made.drop([new])
    assert key(0) not in made


def test_threads_share_a_writer(tmp_path: Path) -> None:
    made: Store = store(tmp_path)
    with made.writer(max_items=5, max_seconds=0.002) as writer:

        def add(start: int) -> None:
            for number in range(start, 60, 3):
                writer.add(key(number), arrays(number))

        threads = [threading.Thread(target=add, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    again = store(tmp_path)
    assert len(again) == 60
    for number in range(60):
        assert_holds(again, number)


def test_nothing_added_is_nothing_published(tmp_path: Path) -> None:
    assert shards(fill(tmp_path, range(0))) == []


class Patient:
    """Makes room, by what it is told, each time the disk says no."""

    def __init__(self, make_room: Callable[[], object]) -> None:
        self.make_room, self.refused = make_room, 0

    def __call__(self, write: Callable[[], object]) -> object:
        while True:
            try:
                return write()
            except CacheFull:
                self.refused += 1
                assert self.refused < 100, "there is never room"
                self.make_room()


def test_who_insists_is_asked_until_there_is_room(tmp_path: Path) -> None:
    """Items wait in memory meanwhile, and are seen."""
    with small_disk(tmp_path / "disk", 2048) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        made = store(disk)
        filler = fill_up(disk)
        patient = Patient(lambda: filler.unlink(missing_ok=True))
        with made.writer(insist=patient, max_items=2) as writer:
            for number in range(5):
                writer.add(key(number), arrays(number))
                assert_holds(made, number)
        assert patient.refused >= 1
        assert not list(made.folder.glob(".*.part"))
        for number in range(5):
            assert_holds(store(disk), number)
        assert len(shards(made)) == 3


def test_what_is_streamed_insists_part_by_part(tmp_path: Path) -> None:
    """Rows that were half on the disk are there once."""
    with small_disk(tmp_path / "disk", 2048) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        made, rows = store(disk), np.arange(40_000, dtype=np.int64).reshape(4, -1)
        patient = Patient(lambda: None)
        with made.writer(insist=patient) as writer:
            item = writer.stream(key(1))
            item.append({"a": rows[:1]})
            for number in range(1, 4):
                filler = fill_up(disk, but=8_192 * (number % 2))
                patient.make_room = lambda filler=filler: filler.unlink(missing_ok=True)
                item.append({"a": rows[number : number + 1]})
                patient.make_room()
            item.finish({})
        assert patient.refused >= 2
        found = store(disk).get(key(1))
        assert found is not None
        np.testing.assert_array_equal(found["a"], rows)
        assert not list(made.folder.glob(".*.part"))


def test_publishing_is_begun_and_asked_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, may = store(tmp_path), threading.Event()
    real = os.fsync

    def slow(handle: int) -> None:
        assert may.wait(60)
        real(handle)

    monkeypatch.setattr(os, "fsync", slow)
    with made.writer() as writer:
        assert writer.start_publishing().done()  # nothing to wait for
        writer.add(key(0), arrays(0))
        first = writer.start_publishing()
        writer.add(key(1), arrays(1))
        second = writer.start_publishing()
        assert (first.done(), second.done(), len(store(tmp_path))) == (False, False, 0)
        may.set()
        second.wait()
        assert (first.done(), second.done(), len(store(tmp_path))) == (True, True, 2)
        assert writer.start_publishing().done()


def test_what_could_not_be_published_is_raised_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store(tmp_path)
    with pytest.raises(CacheError, match="disk"), made.writer() as writer:
        writer.add(key(0), arrays(0))
        monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
        landing = writer.start_publishing()
        landing.wait()
    assert shards(made) == []
