"""What ends a night in its first minute is said in its first second."""

import os
import time
from collections import namedtuple
from collections.abc import Collection
from pathlib import Path

import pytest

from avel.pipeline.batch import preflight
from avel.pipeline.batch.preflight import Needs, check, least_bytes
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.claims import LEASE_SECONDS
from tests.pipeline.method.stubs import CUT

SEGMENT = SegmentConfig(**CUT)
Usage = namedtuple("Usage", "total used free")


def needs(*paths: Path, done: Collection[Path] = (), kept: int = 64) -> Needs:
    return Needs(paths, SEGMENT, kept, is_done=lambda path: path in done)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(3_000_000))
    return path


def test_what_is_well_is_not_mentioned(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(needs(film, tmp_path / "gone.mp4"), tmp_path / "new" / "cache")
    check(needs(), tmp_path / "new" / "cache")
    assert capsys.readouterr().err == ""
    assert list((tmp_path / "new" / "cache").iterdir()) == [], "nothing is left there"


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    gone = [tmp_path / f"{n}.mp4" for n in range(3)]
    with pytest.raises(InputError, match=r"0\.mp4: cannot be read, nor can any other of 3 files"):
        check(needs(*gone), tmp_path)


def test_one_file_that_can_be_read_is_enough(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it is not among those that are looked at first."""
    monkeypatch.setattr(preflight, "MOST_LOOKED", 2)
    check(needs(*(tmp_path / f"{n}.mp4" for n in range(3)), film, tmp_path / "z.mp4"), tmp_path)


def test_a_cache_that_cannot_be_written(film: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"film\.mp4/c: cannot be written \(Not a dir"):
        check(needs(film), film / "c")


def test_a_disk_without_room_for_even_the_least(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, 20_000))
    with pytest.raises(EnvironmentProblem, match=r"0\.0 GB are free and at least 0\.0 GB are need"):
        check(needs(film), tmp_path)
    check(needs(film, done=[film]), tmp_path)
    with pytest.raises(EnvironmentProblem, match=r"are needed"):
        check(needs(film, film, done=[tmp_path]), tmp_path)
    planned = Needs([film], SEGMENT, 64, planned_bytes=3e9)
    with pytest.raises(EnvironmentProblem, match=r"at least 3\.0 GB are needed; free the disk"):
        check(planned, tmp_path)
    check(needs(film, kept=0), tmp_path)


def test_the_least_is_of_what_is_not_done() -> None:
    """Three seconds at most a megabyte each: cells of 768 + 8,000 bytes, and features."""
    paths = [Path(str(n)) for n in range(10)]
    cell = 3 * 16 * 16 + 2 * 4_000
    assert least_bytes(needs(*paths), [3_000_000] * 5) == pytest.approx(10 * 3 * (cell + 1_000))
    assert least_bytes(needs(*paths), [0, 3_000_000]) == pytest.approx(5 * 3 * (cell + 1_000))
    assert least_bytes(needs(*paths, kept=2), [3_000_000]) == pytest.approx(10 * 3 * 1_000)
    assert least_bytes(needs(*paths), [0, 0]) == 0
    assert least_bytes(needs(*paths), []) == 0


@pytest.mark.parametrize(("seconds", "word"), [(400, "behind"), (-400, "ahead of")])
def test_clocks_that_do_not_agree_are_said(
    film: Path, tmp_path: Path, seconds: float, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert abs(seconds) > LEASE_SECONDS
    check(needs(film), tmp_path, now=lambda: time.time() + seconds)
    said = capsys.readouterr().err
    assert f" s {word} this machine's; claims do not mind" in said
    assert len(said.splitlines()) == 1


def test_rights_are_asked_for(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match=r"film\.mp4: cannot be read"):
        check(needs(film), tmp_path)
