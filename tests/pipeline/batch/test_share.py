"""A share that is gone, of films or of the cache: one message, and nothing is condemned."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from avel.cache.maintenance import stores, verify
from avel.pipeline.batch import share
from avel.pipeline.batch.share import LOOKS, Shares
from avel.pipeline.cli import main
from avel.pipeline.commands import extract
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, Reason
from avel.pipeline.work.failures import failures_of
from tests.cache.items import small_disk
from tests.pipeline.method.stubs import ScriptedDecoders, StubEncoder, cells, file, stub_plan

FILMS = 40


def read(path: Path) -> Outcome:
    return Outcome(path, "k", cells=1)


def failed(path: Path, reason: Reason = Reason.MISSING_FILE) -> Outcome:
    return Outcome(path, None, reason=reason, message=f"{path}: is not a file")


class Films:
    """Folders of films, and how often was waited."""

    def __init__(self, root: Path) -> None:
        self.root, self.waits = root, list[float]()
        self.shares = Shares(self.waits.append)
        for name in ("a/1", "a/2", "b/1"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()

    def look(self, *outcomes: Outcome) -> None:
        for outcome in outcomes:
            self.shares.look(outcome)


@pytest.fixture
def films(tmp_path: Path) -> Films:
    return Films(tmp_path / "films")


def test_a_file_that_is_missing_is_only_that(films: Films) -> None:
    films.look(read(films.root / "a/1"), failed(films.root / "a/9"), failed(films.root / "no/1"))
    assert films.waits == []


def test_what_was_never_there_is_no_share(films: Films) -> None:
    """A list may name what is not."""
    films.look(*(failed(Path(f"/nowhere/{n}")) for n in range(20)))


def test_a_folder_that_is_moved_away_costs_its_films_alone(films: Films) -> None:
    films.look(read(films.root / "a/1"), read(films.root / "b/1"))
    shutil.rmtree(films.root / "a")
    films.look(failed(films.root / "a/2"), failed(films.root / "a/3"))
    assert films.waits == []


@pytest.mark.parametrize("reason", [Reason.MISSING_FILE, Reason.UNAVAILABLE, Reason.DECODE_ERROR])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_folder_that_is_gone_or_empty_is_the_share(
    films: Films, reason: Reason, emptied: bool
) -> None:
    """What it was mounted on is empty, or not there; looked at thrice before it is said."""
    films.look(read(films.root / "a/1"), read(films.root / "b/1"))
    shutil.rmtree(films.root)
    if emptied:
        films.root.mkdir()
    with pytest.raises(EnvironmentProblem, match=r"films: is gone since films were read from it"):
        films.look(failed(films.root / "a/2", reason))
    assert len(films.waits) == LOOKS - 1


def test_a_share_that_comes_back_meanwhile_is_there(films: Films) -> None:
    films.look(read(films.root / "a/1"), read(films.root / "b/1"))
    away = films.root.rename(films.root.with_name("away"))
    films.shares._wait = lambda seconds: away.exists() and away.rename(films.root)
    films.look(failed(films.root / "a/9"))


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.EHOSTDOWN])
def test_a_share_that_does_not_answer(
    films: Films, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    films.look(read(films.root / "a/1"))

    def stat(path: object) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(share.os, "stat", stat)
    with pytest.raises(EnvironmentProblem, match=r"or does not answer; mount or restore it"):
        films.look(failed(films.root / "a/2", Reason.UNAVAILABLE))


def test_another_disk_in_its_place_is_not_it(films: Films) -> None:
    films.look(read(films.root / "a/1"))
    films.shares._roots = {device + 1: root for device, root in films.shares._roots.items()}
    with pytest.raises(EnvironmentProblem, match="is gone since films were read from it"):
        films.look(failed(films.root / "a/2"))


# Whole runs, with an encoder and decoders that are quick.


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of films."""
    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders", ScriptedDecoders)
    monkeypatch.setattr(extract, "planned", lambda args: stub_plan(StubEncoder()))
    monkeypatch.setattr(share, "LOOK_SECONDS", 0.0)
    scripts = {f"{n:02d}.mp4": [cells(1, n, duration=1.0), "end"] for n in range(FILMS)}
    monkeypatch.setattr(ScriptedDecoders, "scripts", scripts)
    monkeypatch.setattr(ScriptedDecoders, "started", [])
    folder = tmp_path / "films"
    folder.mkdir()
    for name in scripts:
        file(folder, name)
    return folder


def ran(batch: Path, *more: object) -> int:
    cache = batch.parent / "cache"
    given = [batch, "--cache-dir", cache, "--lot", 4, "--batch", 2, "--device", "cpu", *more]
    return main(["extract", *map(str, given)])


def after(monkeypatch: pytest.MonkeyPatch, count: int, disturb: object) -> None:
    """Do something, once, when the decoders begin so many films."""
    real, done = ScriptedDecoders.start, list[int]()

    def start(self: ScriptedDecoders, number: int, path: Path) -> None:
        real(self, number, path)
        if len(ScriptedDecoders.started) == count and not done:
            done.append(count)
            disturb()  # type: ignore[operator]

    monkeypatch.setattr(ScriptedDecoders, "start", start)


def test_a_run_whose_films_are_gone_ends_and_calls_none_failed(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = batch.with_name("away")
    after(monkeypatch, 9, lambda: batch.rename(away))
    report = batch.parent / "night"
    assert ran(batch, "--report", report) == 4
    said = capsys.readouterr().err
    assert said.count(f"{batch}: is gone since films were read from it") == 1
    assert "MISSING_FILE" not in said
    assert "failed" not in (report / "videos.jsonl").read_text()
    [store] = [s for s in stores(batch.parent / "cache") if s.stage == "features"]
    assert len(store) >= 4
    assert list(failures_of(batch.parent / "cache", store.fingerprint)) == []
    away.rename(batch)
    ScriptedDecoders.started.clear()
    assert ran(batch) == 0
    assert len(ScriptedDecoders.started) == FILMS - len(store), "what is done stays done"


CACHE_GONE = [
    (errno.ENOENT, r"is not there, or is gone since it was opened; mount or restore it"),
    (errno.ESTALE, r"see whether its disk or network share answers"),
    (errno.EIO, r"see whether its disk or network share answers"),
    (errno.EROFS, r"cannot be written \(Read-only file system\); give a writable folder"),
]


@pytest.mark.parametrize(("number", "said"), CACHE_GONE)
def test_a_run_whose_cache_does_not_answer(
    batch: Path,
    number: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Everything in it refuses from one moment on; what it holds is sound once it is back."""
    cache, refusing = batch.parent / "cache", []

    def refused(name: str) -> None:
        real = getattr(os, name)

        def call(path: object, *args: object, **options: object) -> object:
            if refusing and isinstance(path, str | Path) and str(path).startswith(str(cache)):
                raise OSError(number, os.strerror(number), str(path))
            return real(path, *args, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "link", "rename", "replace", "stat", "listdir", "unlink"):
        refused(name)
    after(monkeypatch, 9, lambda: refusing.append(True))
    assert ran(batch) == 4
    err = capsys.readouterr().err
    assert len([line for line in err.splitlines() if line.startswith("avel: ")]) == 1
    assert re.search(said, err)
    refusing.clear()
    sound_again(batch)


def test_a_run_whose_cache_is_unmounted(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of another disk is there then, and stays empty."""
    cache = batch.parent / "cache"
    with small_disk(cache, 4096) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        away = batch.parent / "away"
        after(monkeypatch, 9, lambda: move_mount(cache, away))
        try:
            assert ran(batch) == 4
            assert "is gone since it was opened; mount or restore it" in capsys.readouterr().err
            assert [path.name for path in cache.iterdir()] in ([], ["sources.jsonl"])
        finally:
            shutil.rmtree(cache)
            cache.mkdir()
            move_mount(away, cache)
        sound_again(batch)


def move_mount(mounted: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    assert os.system(f"mount --bind '{mounted}' '{to}' && umount -l '{mounted}'") == 0


def sound_again(batch: Path) -> None:
    [store] = [s for s in stores(batch.parent / "cache") if s.stage == "features"]
    kept = len(store)
    assert kept >= 4
    assert verify(store) == (kept, [])
    assert not (store.folder / "damaged.jsonl").exists()
    ScriptedDecoders.started.clear()
    assert ran(batch) == 0
    assert len(ScriptedDecoders.started) == FILMS - kept
