"""A lot is one process's, until it gives it back or gives no sign of life."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from avel.cache.errors import CacheError, CacheFull, CacheUnavailable
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.work import claims as module
from avel.pipeline.work.claims import LOT, Claims, rubbish, sweep
from avel.pipeline.work.owner import Owner, this_process
from tests.cache.items import fill_up, small_disk

LEASE = 1e6  # no heartbeat of a thread comes while a test runs


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def somebody(pid: int, boot: str = "elsewhere") -> Owner:
    """A process of another machine."""
    return Owner("node", boot, pid, 1)


def dead_owner() -> Owner:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        owner = replace(this_process(), pid=process.pid, started=1)
    return owner


def opened(stack: ExitStack, folder: Path, pid: int, clock: Clock | None = None) -> Claims:
    owner = somebody(pid)
    return stack.enter_context(
        Claims(folder, lease_seconds=LEASE, clock=clock or Clock(), owner=owner)
    )


def test_a_lot_is_given_once_and_again_when_it_is_back(tmp_path: Path, stack: ExitStack) -> None:
    one, two = opened(stack, tmp_path, 1), opened(stack, tmp_path, 2)
    assert one.take("a")
    assert not two.take("a")
    assert two.take("b")
    one.release("a")
    assert two.take("a")
    assert not one.take("a")


def test_asking_again_for_ones_own_is_answered_alike(tmp_path: Path, stack: ExitStack) -> None:
    """Over a network the answer to the first request may have been lost."""
    one = opened(stack, tmp_path, 1)
    assert one.take("a")
    assert one.take("a")


def test_at_the_end_everything_is_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "claims"
    with Claims(folder, lease_seconds=LEASE) as one:
        assert one.take("a")
        assert sorted(path.name[:4] for path in folder.iterdir()) == ["lot-", one._beat.name[:4]]
    assert not folder.exists()


def test_silence_for_the_lease_loses_the_claim(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    one, two = opened(stack, tmp_path, 1), opened(stack, tmp_path, 2, clock)
    assert one.take("a")
    assert not two.take("a")  # seen for the first time
    clock.now = LEASE - 1
    assert not two.take("a")
    clock.now = LEASE
    assert two.take("a")
    one.release("a")  # it was stopped, and goes on
    assert not one.take("a"), "what was taken away is another's"
    assert (tmp_path / f"{LOT}a").samefile(two._beat)


def test_a_sign_of_life_keeps_it_whatever_the_date_is(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    one, two = opened(stack, tmp_path, 1), opened(stack, tmp_path, 2, clock)
    assert one.take("a")
    for step in range(5):
        clock.now = 0.7 * LEASE * step
        os.utime(one._beat, (step, step))  # its machine lives in 1970
        assert not two.take("a")


def test_who_is_known_to_be_dead_loses_it_at_once(tmp_path: Path, stack: ExitStack) -> None:
    left = Claims(tmp_path, lease_seconds=LEASE, owner=dead_owner())
    left.__enter__()
    assert left.take("a")
    two = opened(stack, tmp_path, 2)
    assert two.take("a")
    left._over.set()


def test_a_living_process_of_this_machine_is_not_dead() -> None:
    assert not this_process().is_dead
    assert not somebody(1).is_dead, "nothing is known of it"
    assert replace(this_process(), started=1).is_dead, "another has its number now"
    assert dead_owner().is_dead


def test_a_claim_that_changes_while_it_is_taken_away_is_put_back(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    one, two = opened(stack, tmp_path, 1), opened(stack, tmp_path, 2, clock)
    assert one.take("a")
    assert not two.take("a")
    clock.now = LEASE
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        os.utime(one._beat, (5, 5))
        rename(source, target)

    monkeypatch.setattr(module.os, "rename", late)
    assert not two.take("a")
    assert (tmp_path / f"{LOT}a").samefile(one._beat)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_of_two_thieves_one_is_lucky(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    one = opened(stack, tmp_path, 1)
    thieves = [opened(stack, tmp_path, pid, clock) for pid in (2, 3)]
    assert one.take("a")
    assert not any(thief.take("a") for thief in thieves)
    clock.now = LEASE
    assert [thief.take("a") for thief in thieves] == [True, False]


def test_torn_heartbeats_wait_for_the_lease(tmp_path: Path, stack: ExitStack) -> None:
    clock = Clock()
    (tmp_path / f"{LOT}a").write_text("{half")
    two = opened(stack, tmp_path, 2, clock)
    assert not two.take("a")
    clock.now = LEASE
    assert two.take("a")


def test_what_the_dead_left_is_swept_and_nothing_else(tmp_path: Path, stack: ExitStack) -> None:
    left = Claims(tmp_path, lease_seconds=LEASE, owner=dead_owner())
    left.__enter__()
    left.take("a")
    left._over.set()
    two = opened(stack, tmp_path, 2)
    assert two.take("b")
    assert sweep(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {two._beat.name, f"{LOT}b"}
    for path in tmp_path.iterdir():
        os.utime(path, (5, 5))
    assert sweep(tmp_path) == 2
    assert not tmp_path.exists()
    assert sweep(tmp_path) == 0


def test_who_dies_while_it_is_swept_keeps_all_or_nothing(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat without its claims, or claims without theirs, are nobody's."""
    assert opened(stack, tmp_path, 1).take("a")
    before = sorted(tmp_path.iterdir())
    looks = iter([False, True])
    monkeypatch.setattr(module, "_is_left", lambda path, now: next(looks))
    assert sweep(tmp_path) == 0
    assert sorted(tmp_path.iterdir()) == before


def test_a_clock_that_is_days_ahead_sweeps_nobody_away(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours, or another machine's: what is old is said by the clock of the file system."""
    ours = stack.enter_context(Claims(tmp_path, lease_seconds=LEASE))
    assert ours.take("a")
    assert opened(stack, tmp_path, 2).take("b")
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 2 * module.DAY)
    before = sorted(tmp_path.iterdir())
    assert sweep(tmp_path) == 0
    assert sorted(tmp_path.iterdir()) == before
    assert rubbish(tmp_path.parent) == []


def test_a_claim_that_another_took_meanwhile_is_not_swept(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Claims(tmp_path, lease_seconds=LEASE, owner=dead_owner())
    left.__enter__()
    left.take("a")
    left._over.set()
    two = opened(stack, tmp_path, 2)
    judge = module._is_left

    def late(path: Path, now: float) -> bool:
        is_left = judge(path, now)
        if path.name == f"{LOT}a":
            assert two.take("a")
        return is_left

    monkeypatch.setattr(module, "_is_left", late)
    sweep(tmp_path)
    assert (tmp_path / f"{LOT}a").samefile(two._beat)


def test_who_lost_its_heartbeat_gives_its_claims_back(tmp_path: Path, stack: ExitStack) -> None:
    one = opened(stack, tmp_path, 1)
    assert one.take("a")
    one._beat.unlink()
    one.release("a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CacheError, match=r"claims: cannot be written .*--cache-dir"),
        Claims(tmp_path / "file" / "claims"),
    ):
        pass


def test_a_file_system_without_hard_links_is_named(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(stack, tmp_path, 1)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(module.os, "link", refuse)
    with pytest.raises(EnvironmentProblem, match=r"lot-a: a lot cannot be claimed .*--shard"):
        one.take("a")


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, CacheFull, "the disk is full"),
        (errno.EDQUOT, CacheFull, "the disk is full"),
        (errno.ENOENT, CacheUnavailable, "is gone since it was opened; mount or restore it"),
        (errno.ESTALE, CacheUnavailable, "see whether its disk or network share answers"),
        (errno.EIO, CacheUnavailable, "see whether its disk or network share answers"),
    ],
)
def test_a_share_in_trouble_is_told_from_one_without_links(
    tmp_path: Path,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
    said: str,
) -> None:
    one = opened(stack, tmp_path, 1)

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "link", refuse)
    with pytest.raises(kind, match=said):
        one.take("a")
    monkeypatch.undo()
    assert one.take("a"), "once it answers again"


def test_a_full_disk_at_the_beginning(tmp_path: Path) -> None:
    """Whoever waits for room begins again."""
    with small_disk(tmp_path / "disk", 64) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        (disk / "claims").mkdir()
        fill_up(disk)
        claims = Claims(disk / "claims")
        with pytest.raises(CacheFull, match="the disk is full"):
            claims.begin()
        assert not list((disk / "claims").iterdir()), "nor is an empty file left, of nobody"
        (disk / "filler").unlink()
        claims.begin()
        with claims:
            assert claims.take("a")
        assert not (disk / "claims").exists()


def test_a_folder_that_goes_away_hides_no_other_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Claims(tmp_path / "claims") as claims:
        claims.take("a")
        shutil.rmtree(tmp_path / "claims")
        (tmp_path / "claims").write_text("another thing")
        raise ZeroDivisionError


def test_what_killed_loops_left_is_rubbish_and_what_others_read_is_not(
    tmp_path: Path, stack: ExitStack
) -> None:
    """Lots that are done are of use to whoever is at work."""
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "a").touch()
    dead = opened(stack, tmp_path / "claims", 2**22 + 1)
    dead._owner = replace(this_process(), pid=2**22 + 1)
    dead._beat.write_text(dead._owner.to_json())
    dead.take("b")
    living = Claims(tmp_path / "claims")
    with living:
        assert set(rubbish(tmp_path)) == {dead._beat, tmp_path / "claims" / f"{LOT}b"}
    assert not (tmp_path / "claims").exists(), "the last one out cleans up"
    assert rubbish(tmp_path) == [tmp_path / "done" / "a"]
    assert rubbish(tmp_path / "nothing") == []
