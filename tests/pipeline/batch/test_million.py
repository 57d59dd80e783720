"""Many items through claims, store and report: memory hardly grows with their number."""

import json
import tracemalloc
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from avel.pipeline.batch import journal
from avel.pipeline.batch.extraction import BatchConfig, Extraction
from avel.pipeline.batch.lots import Lots
from avel.pipeline.batch.summary import summarize
from avel.pipeline.commands.extract import add_arguments, extract
from avel.pipeline.method.plan import Plan, plan_features
from avel.pipeline.work.runtime import RuntimeConfig
from benchmarks.million import StubEncoder, StubMakers, make_items


@pytest.fixture
def plan() -> Plan:
    return replace(plan_features(StubEncoder()), makers=StubMakers())  # type: ignore[arg-type]


@pytest.fixture
def items(tmp_path: Path) -> Callable[[int], Path]:
    """Lists of so many files."""
    return lambda count: make_items(tmp_path / "items", count)


def work(plan: Plan, given: Path, cache: Path, **options: object) -> Extraction:
    runtime = RuntimeConfig(cache_dir=cache, keep_segments=False)
    return Extraction([str(given)], plan, runtime, BatchConfig(**options))  # type: ignore[arg-type]


def peak(plan: Plan, given: Path, folder: Path) -> int:
    """Most traced bytes of a whole run with its report, in which every file is new."""
    tracemalloc.start()
    batch = work(plan, given, folder / "cache", lot=64)
    batch.check()
    tally = batch.tally()
    with batch.journal(folder / "report") as told:
        for outcome in tally.track(batch.here()):
            told.add(outcome)
    said = summarize(folder / "report")
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said["extracted"] == tally.counts["extracted"] == tally.total
    assert len(batch.stores.features) == tally.total
    return found


def test_an_item_more_takes_little_memory(
    plan: Plan,
    items: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A path alone would be 300 bytes; 1,000,000 items are to fit into 300 MB with all else."""
    monkeypatch.setattr("avel.cache.fingerprint.MOST_FRESH", 64)
    peak(plan, items(20), tmp_path / "warm")  # what is loaded once
    few, many = (peak(plan, items(n), tmp_path / str(n)) for n in (200, 1_200))
    assert (many - few) / 1_000 < 240


def test_all_that_is_cached_is_told_again_and_made_by_nobody(
    plan: Plan, items: Callable[[int], Path], tmp_path: Path
) -> None:
    given = items(50)
    first = list(work(plan, given, tmp_path / "cache").here())
    again = list(work(plan, given, tmp_path / "cache").here())
    assert [(o.path, o.key) for o in again] == [(o.path, o.key) for o in first]
    assert {o.cached for o in first} == {False}
    assert {o.cached for o in again} == {True}


def test_lots_are_made_as_they_are_claimed(
    plan: Plan, items: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the first of many videos need not wait for the last one's name."""
    made: list[int] = []
    real = Lots.__getitem__
    monkeypatch.setattr(
        Lots, "__getitem__", lambda self, place: made.append(place) or real(self, place)
    )
    batch = work(plan, items(60), tmp_path / "cache", lot=4)
    outcomes = batch.here()
    next(outcomes)
    assert made == [0, 1, 2]  # files are hashed eight ahead
    outcomes.close()


@pytest.mark.parametrize("as_folder", [False, True])
def test_the_command_with_another_plan(
    plan: Plan,
    items: Callable[[int], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    as_folder: bool,
) -> None:
    given, parser = items(30), ArgumentParser()
    given = given.with_suffix("") if as_folder else given
    add_arguments(parser)
    report, cache = tmp_path / "report", tmp_path / "cache"
    words = [str(given), "--cache-dir", str(cache), "--report", str(report), "--no-segments"]
    assert extract(parser.parse_args([*words, "--json"]), plan) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["videos"], said["extracted"], said["failed"]) == (30, 30, 0)
    names = [Path(line["path"]).name for line in journal.lines(report)]
    assert names == [f"film {n:07d}.mp4" for n in range(30)]
    assert json.loads((report / "report.json").read_text())["extracted"] == 30
    assert (report / "index.html").is_file()
