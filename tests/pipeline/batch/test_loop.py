"""Loops share work, repeat none of it, and lose at most a lot to a kill."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep

import pytest

from avel.cache import writer
from avel.cache.errors import CacheError
from avel.pipeline.batch.loop import (
    LOOK_SECONDS,
    LOOKS_UNSAID,
    MARKINGS,
    LoopConfig,
    run_loop,
    work_folder,
)
from avel.pipeline.batch.lots import Lots
from avel.pipeline.media.paths import Paths
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.work.claims import LEASE_SECONDS, Claims, NoClaims
from avel.pipeline.work.failures import Failures
from avel.pipeline.work.owner import Owner
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedDecoders]:
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    monkeypatch.setattr(ScriptedDecoders, "scripts", {})
    monkeypatch.setattr(ScriptedDecoders, "started", [])
    return ScriptedDecoders


def claims_of(pid: int, **options: object) -> object:
    owner = Owner("node", "elsewhere", pid, 1)
    return lambda folder: Claims(folder, lease_seconds=1e6, owner=owner, **options)  # type: ignore[arg-type]


class Bench:
    """A folder of files, whose loops are asked for one by one."""

    def __init__(self, folder: Path, scripts: dict[str, list], count: int) -> None:
        self.cache = folder / "cache"
        self.files = []
        for n in range(count):
            self.files.append(file(folder, f"{n:02d}"))
            scripts[f"{n:02d}"] = [cells(2, n + 1, duration=2.0), "end"]
        self.plan = stub_plan(StubEncoder())

    @property
    def folder(self) -> Path:
        return work_folder(self.cache, self.plan.stores(self.cache))

    def loop(self, pid: int = 1, size: int = 4, **options: object) -> Iterator[Outcome]:
        stores = self.plan.stores(self.cache)
        config = LoopConfig(work_folder(self.cache, stores), size, claims=claims_of(pid))  # type: ignore[arg-type]
        runtime = RuntimeConfig(cache_dir=self.cache, workers=2, batch_cells=4)
        lots = list(Lots(Paths(self.files), size))
        return run_loop(lots, stores, self.plan, runtime, replace(config, **options))

    def published(self) -> set[str]:
        return set(self.plan.stores(self.cache).features.keys())


def test_one_loop_does_all_and_leaves_nothing(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 10)
    outcomes = list(bench.loop())
    assert sorted(o.path for o in outcomes) == bench.files
    assert {o.key for o in outcomes} == bench.published()
    assert not bench.folder.exists()
    assert all(o.cached for o in bench.loop())


def test_two_loops_share_the_lots_and_do_none_twice(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 40)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(list, bench.loop(pid, wait=lambda _: sleep(0))) for pid in (1, 2)]
        found = [one.result() for one in both]
    assert sorted(o.path for outcomes in found for o in outcomes) == bench.files
    assert Counter(played.started) == {path.name: 1 for path in bench.files}
    assert not bench.folder.exists()


def test_a_loop_waits_for_what_another_holds_and_takes_over(tmp_path: Path, played: type) -> None:
    """The other is killed with a lot done in half: its published features are found."""
    bench = Bench(tmp_path, played.scripts, 8)
    other = claims_of(9)(bench.folder / "claims")  # type: ignore[operator]
    other.__enter__()
    first = Lots(Paths(bench.files), 4)[0]
    assert other.take(first.name)
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        assert len(waited) < 3
        if len(waited) == 2:
            other.__exit__()

    outcomes = list(bench.loop(wait=wait))
    assert sorted(o.path for o in outcomes) == bench.files
    assert [o.path.name for o in outcomes][4:] == ["00", "01", "02", "03"]


def test_what_was_done_meanwhile_is_not_looked_at_again(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 12)
    slow = bench.loop(1)
    first = next(slow)
    quick = bench.loop(2, wait=lambda seconds: slow.close())
    rest = list(quick)
    assert {first.path, *(o.path for o in rest)} == set(bench.files)
    assert not [o for o in rest if o.cached and o.path != first.path]


def test_of_a_killed_loop_at_most_a_lot_is_made_again(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 24)
    for cut in (1, 3, 4, 5, 14, 23):
        cache = bench.cache = tmp_path / f"cache{cut}"
        loop = bench.loop(1)
        made = {next(loop).path for _ in range(cut)}
        on_disk = len(bench.published())  # a kill now keeps no more
        assert len(made) - on_disk <= 4
        loop.close()
        assert cache.exists()


def test_a_closed_loop_gives_its_lots_back(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 12)
    loop = bench.loop(1)
    done = [next(loop).path for _ in range(6)]
    loop.close()
    rest = list(bench.loop(2))
    assert sorted(o.path for o in rest) == bench.files
    assert {o.path for o in rest if o.cached} == set(done)


def test_who_kills_decoders_is_not_tried_again_unasked(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 5)
    crash = MediaError(Reason.WORKER_CRASH, "02: the decoder died twice (SIGSEGV)")
    played.scripts["02"] = [crash]
    damaged = MediaError(Reason.DECODE_ERROR, "03: no frame")
    played.scripts["03"] = [damaged]
    assert Counter(o.reason for o in bench.loop())[None] == 3
    played.started.clear()
    played.scripts["03"] = [cells(2, duration=2.0), "end"]
    again = {o.path.name: o for o in bench.loop()}
    assert played.started == ["03"]
    assert (again["02"].reason, again["02"].message) == (crash.reason, crash.message)
    assert again["03"].reason is None
    assert [f.path.name for f in Failures(bench.folder)] == ["02"]
    played.scripts["02"] = [cells(2, duration=2.0), "end"]
    assert not [o for o in bench.loop(skipped=frozenset()) if o.reason]
    assert not list(Failures(bench.folder))


def test_a_file_twice_in_the_list_is_one_outcome_a_lot(tmp_path: Path, played: type) -> None:
    bench = Bench(tmp_path, played.scripts, 3)
    bench.files = [bench.files[0], *bench.files, bench.files[0]]
    outcomes = list(bench.loop())
    assert {o.path.name for o in outcomes} == {"00", "01", "02"}
    assert Counter(played.started) == {"00": 1, "01": 1, "02": 1}


def test_lots_of_a_dead_machine_are_waited_for_and_taken(tmp_path: Path, played: type) -> None:
    """It was lost with two lots in work; nobody there gives a sign of life again."""
    bench, now, said = Bench(tmp_path, played.scripts, 16), [0.0], list[str]()
    lost = claims_of(9)(bench.folder / "claims")  # type: ignore[operator]
    lost._owner = Owner("node7", "another boot", 9, 1)
    lost.begin()
    for lot in list(Lots(Paths(bench.files), 4))[:2]:
        assert lost.take(lot.name)

    def wait(seconds: float) -> None:
        now[0] += seconds

    def claims(folder: Path) -> Claims:
        return Claims(folder, clock=lambda: now[0], owner=Owner("here", "this boot", 1, 1))

    outcomes = list(bench.loop(wait=wait, claims=claims, tell=said.append))
    assert sorted(o.path for o in outcomes) == bench.files
    assert LEASE_SECONDS <= now[0] <= LEASE_SECONDS + 2 * LOOK_SECONDS
    assert said == [
        "waiting for 2 lots that node7 holds; a machine without a sign of life for 5 min is taken "
        "for dead, and its lots are done here"
    ]


def test_what_another_loop_of_this_machine_holds_is_not_mentioned(
    tmp_path: Path, played: type
) -> None:
    bench, said, waits = Bench(tmp_path, played.scripts, 8), list[str](), list[float]()
    other = claims_of(9)(bench.folder / "claims")  # type: ignore[operator]
    other.begin()
    other.take(Lots(Paths(bench.files), 4)[0].name)

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3 * LOOKS_UNSAID:
            other.__exit__()

    assert len(list(bench.loop(wait=wait, tell=said.append))) == 8
    assert said == []


def test_a_loop_that_is_asked_to_stop_begins_nothing_more(tmp_path: Path, played: type) -> None:
    """What is in work is finished and published; the rest is for another time."""
    bench, asked = Bench(tmp_path, played.scripts, 20), list[int]()
    made = []
    for outcome in bench.loop(stop=lambda: bool(asked)):
        made.append(outcome.path)
        if len(made) == 3:
            asked.append(1)
    begun = set(played.started)
    assert 3 <= len(made) < 10
    assert {path.name for path in made} == begun, "nothing that was begun is lost"
    assert len(bench.published()) == len(made)
    assert not bench.folder.exists(), "its lots are for others"
    rest = list(bench.loop(2))
    assert Counter(o.cached for o in rest) == {True: len(made), False: 20 - len(made)}
    assert list(bench.loop(3, stop=lambda: True)) == []


def test_what_insists_is_asked_wherever_something_is_written(tmp_path: Path, played: type) -> None:
    bench, calls = Bench(tmp_path, played.scripts, 8), list[object]()

    def insist(write: Callable[[], object]) -> object:
        calls.append(write)
        return write()

    assert len(list(bench.loop(insist=insist))) == 8
    names = [getattr(getattr(c, "func", c), "__name__", "") for c in calls]
    assert names.count("begin") == 1
    assert names.count("take") == 2
    assert names.count("_mark") == 2
    assert names.count("<lambda>") >= 2, "shards"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Shards are published only while this is set."""
    is_quick, publish = Event(), writer.publish_shard

    def slowly(*args: object) -> object:
        assert is_quick.wait(60)
        return publish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "publish_shard", slowly)
    return is_quick


@pytest.mark.parametrize("times", [1, MARKINGS])
def test_a_folder_that_goes_while_a_lot_is_marked_is_made_again(
    tmp_path: Path, played: type, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The last one out of a run before may take it along; a share that is gone stays gone."""
    bench, touch = Bench(tmp_path, played.scripts, 4), Path.touch
    left = iter(range(times))

    def leaving(path: Path, **options: bool) -> None:
        if path.parent.name == "done" and next(left, None) is not None:
            path.parent.rmdir()
        touch(path, **options)

    monkeypatch.setattr(Path, "touch", leaving)
    if times == MARKINGS:
        with pytest.raises(CacheError, match="done: is not there, or is gone since it was opened"):
            list(bench.loop())
    else:
        assert sorted(o.path for o in bench.loop()) == bench.files
        assert not bench.folder.exists()


def test_parts_without_claims_end_one_after_the_other(tmp_path: Path, played: type) -> None:
    """Where the first one ends the others go on: their folder stays, and what fails is kept."""
    bench = Bench(tmp_path, played.scripts, 12)
    played.scripts["11"] = [MediaError(Reason.WORKER_CRASH, "it died")]
    quick, slow = bench.files[:4], bench.files[4:]
    bench.files = slow
    rest = bench.loop(claims=NoClaims)
    found = [next(rest)]
    bench.files = quick
    assert sorted(o.path for o in bench.loop(claims=NoClaims)) == quick
    found += rest
    assert sorted(o.path for o in found) == slow
    assert [f.path.name for f in Failures(bench.folder)] == ["11"]


def test_encoding_goes_on_beside_a_slow_disk_and_no_lot_is_done_before_it(
    tmp_path: Path, played: type, disk: Event
) -> None:
    """Two of four are on their way when the lot's last two are encoded; then it waits."""
    bench = Bench(tmp_path, played.scripts, 12)
    loop = bench.loop(size=4)
    outcomes = [next(loop) for _ in range(4)]
    assert all(not o.cached for o in outcomes)
    assert bench.published() == set()
    assert not (bench.folder / "done").exists()
    disk.set()
    assert len(list(loop)) == 8
    assert len(bench.published()) == 12
    assert not bench.folder.exists()


def test_a_disk_that_is_full_ends_the_loop_and_gives_its_lots_back(
    tmp_path: Path, played: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the thread that publishes is the caller's; the same run again does the rest."""
    bench, publish, left = Bench(tmp_path, played.scripts, 12), writer.publish_shard, [1]

    def full(*args: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise CacheError("the disk is full")
        return publish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "publish_shard", full)
    with pytest.raises(CacheError, match="the disk is full"):
        list(bench.loop(size=4))
    assert len(bench.published()) == 2
    monkeypatch.setattr(writer, "publish_shard", publish)
    again = list(bench.loop(pid=2, size=4))
    assert sorted(o.path for o in again) == bench.files
    assert len(bench.published()) == 12
    assert Counter(played.started).most_common()[0][1] == 2
    assert sum(not o.cached for o in again) == 10
