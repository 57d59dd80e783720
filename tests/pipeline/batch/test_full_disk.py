"""A disk that fills while a batch runs: it waits and goes on, or ends with 4; a real small disk."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cache.items import fill_up, small_disk
from tests.pipeline.batch.disturbed import Run, running, write_films

FILMS = 24
WAITS = "the disk is full; waiting up to 30 min for room (--wait-for-room)"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "films"
    write_films(folder, FILMS)
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Of 4 MB, on which the cache is."""
    with small_disk(tmp_path / "cache", 4096) as folder:
        if folder is None:
            pytest.skip("this machine lets nobody mount")
        yield folder


@pytest.mark.parametrize("loops", [1, 2])
def test_a_run_waits_and_goes_on_when_space_returns(
    films: Path, tmp_path: Path, disk: Path, loops: int
) -> None:
    words = [films, "--devices", loops, "--lot", 4]
    with running(Run(words, tmp_path, seconds=0.1)) as run:
        run.wait_for(lambda: run.told["extracted"] >= 5)
        filler = fill_up(disk)
        run.wait_for(lambda: run.said.count(WAITS) == loops)
        kept = set(run.features.keys())
        if loops > 1:  # and one that begins has to wait too
            os.kill(run.loops[0], signal.SIGKILL)
            run.wait_for(lambda: run.said.count(WAITS) == 3)
        filler.unlink()
        assert run.end() == 0
    assert run.said.count("there is room again after") >= loops
    assert kept <= set(run.features.keys())
    assert len(run.features) == FILMS
    assert run.left() == []


def test_a_run_that_waited_in_vain_ends_with_4(films: Path, tmp_path: Path, disk: Path) -> None:
    words = [films, "--lot", 4, "--wait-for-room", 0.01]
    with running(Run(words, tmp_path, seconds=0.1)) as run:
        run.wait_for(lambda: run.told["extracted"] >= 5)
        filler = fill_up(disk)
        assert run.end() == 4
    assert "waiting up to 0.01 min for room" in run.said
    assert "the disk is full; everything published before is kept. Free some space" in run.said
    kept = len(run.features)
    assert kept >= 4
    assert [path for path in run.left() if path != filler] == []
    filler.unlink()
    with running(Run(words, tmp_path, name="again")) as run:
        assert run.end() == 0
    assert run.told["cached"] >= kept
    assert len(run.features) == FILMS


def test_who_waits_for_room_can_be_stopped(films: Path, tmp_path: Path, disk: Path) -> None:
    """Once is enough: what is in work cannot be published."""
    with running(Run([films, "--lot", 4], tmp_path, seconds=0.1)) as run:
        run.wait_for(lambda: run.told["extracted"] >= 5)
        filler = fill_up(disk)
        run.wait_for(lambda: WAITS in run.said)
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 4
    assert [path for path in run.left() if path != filler] == []


def test_the_report_waits_too(films: Path, tmp_path: Path, disk: Path) -> None:
    with running(Run([films, "--lot", 4], tmp_path, seconds=0.1, report=disk / "night")) as run:
        run.wait_for(lambda: run.told["extracted"] >= 5)
        filler = fill_up(disk)
        run.wait_for(lambda: WAITS in run.said)
        filler.unlink()
        assert run.end() == 0
    assert run.told == {"extracted": FILMS}


def test_features_come_before_cells(films: Path, tmp_path: Path) -> None:
    """Of 16 MB one twentieth is left to features: these all fit."""
    with small_disk(tmp_path / "cache", 16384) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        fill_up(disk, but=700_000)
        with running(Run([films, "--lot", 4], tmp_path)) as run:
            assert run.end() == 0
        look_through(run)


def look_through(run: Run) -> None:
    assert len(run.features) == FILMS
    assert run.said.count("no room to spare; decoded pictures and sound are not cached") == 1
    assert not list(run.cache.glob("segments/*/*.h5"))
