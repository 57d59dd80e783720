"""Files to keys: in order, hashed ahead in bounds, and why not where there is none."""

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.method import contents
from avel.pipeline.method.contents import identify, sources
from avel.pipeline.reasons import Reason


class CountingKeys(ContentKeys):
    """Tells how many files were hashed, and lets no more through than it is told."""

    def __init__(self, root: Path, through: int = 10**6) -> None:
        super().__init__(root)
        self.hashed = 0
        self.turnstile = threading.Semaphore(through)
        self.asked = threading.Semaphore(0)

    def key(self, path: Path) -> str:
        self.turnstile.acquire()
        self.hashed += 1
        self.asked.release()
        return super().key(path)


@pytest.fixture
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "SMALL", 0)


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{n}.mp4" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_text(f"content {n // 2}")
    return paths


def test_what_is_no_file_is_named_at_once(tmp_path: Path) -> None:
    """A pipe would be waited for, a device read for ever."""
    os.mkfifo(tmp_path / "p.mp4")
    given = [tmp_path / "p.mp4", Path("/dev/zero"), tmp_path, tmp_path / "none.mp4"]
    found = [source.error for source in sources(given, ContentKeys(tmp_path / "cache"))]
    assert [str(error) for error in found] == [
        f"MISSING_FILE: {tmp_path}/p.mp4: is a pipe (FIFO), not a regular file",
        "MISSING_FILE: /dev/zero: is a device, not a regular file",
        f"MISSING_FILE: {tmp_path}: is a folder, not a regular file",
        f"MISSING_FILE: {tmp_path}/none.mp4: is not a file",
    ]


def test_keys_are_of_the_content_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are hashed at once, some by a thread, and some were hashed before."""
    paths = files(tmp_path, 100)
    monkeypatch.setattr(contents, "SMALL", len("content 9"))
    keys = ContentKeys(tmp_path / "cache")
    for path in paths[40:60]:
        keys.key(path)
    found = list(sources(paths, keys))
    assert [source.path for source in found] == paths
    expected = [hashlib.sha256(f"content {n // 2}".encode()).hexdigest() for n in range(100)]
    assert [source.key for source in found] == expected


@pytest.mark.usefixtures("_all_are_large")
def test_hashing_runs_ahead_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the caller works on the first file, others are hashed, but not all."""
    monkeypatch.setattr(contents, "AHEAD", 4)
    keys = CountingKeys(tmp_path / "cache")
    coming = sources(files(tmp_path, 20), keys)
    next(coming)
    for _ in range(5):  # the first, and four ahead of it
        keys.asked.acquire()
    assert keys.hashed == 5
    next(coming)
    keys.asked.acquire()
    assert keys.hashed == 6
    assert len(list(coming)) == 18


@pytest.mark.usefixtures("_all_are_large")
def test_leaving_early_hashes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "AHEAD", 3)
    keys = CountingKeys(tmp_path / "cache", through=1)
    coming = sources(files(tmp_path, 20), keys)
    next(coming)
    keys.turnstile.release()  # whichever is being hashed may end
    coming.close()
    assert keys.hashed <= 2


def test_only_what_is_large_and_new_is_asked_of_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "SMALL", len("content 9"))
    keys, paths = ContentKeys(tmp_path / "cache"), files(tmp_path, 30)
    by: dict[Path, threading.Thread] = {}

    class Telling(ContentKeys):
        def key(self, path: Path) -> str:
            by[path] = threading.current_thread()
            return super().key(path)

    keys.key(paths[25])
    assert len(list(sources(paths, Telling(tmp_path / "cache")))) == 30
    here = threading.current_thread()
    assert [path for path in paths if by.get(path) == here] == paths[:20]
    assert [path for path in paths if path not in by] == [paths[25]]


def test_what_has_no_key_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ContentKeys(tmp_path / "cache")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "full.mp4").write_text("x")
    cases = {"none.mp4": Reason.MISSING_FILE, ".": Reason.MISSING_FILE, "empty.mp4": Reason.EMPTY}
    for name, reason in cases.items():
        error = identify(tmp_path / name, keys).error
        assert error is not None
        assert error.reason == reason
        assert str(tmp_path / name) in error.message

    def refused(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keys, "key", refused)
    error = identify(tmp_path / "full.mp4", keys).error
    assert error is not None
    assert error.reason == Reason.PERMISSION
    assert "may not be read; check its rights" in error.message


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_cannot_be_hashed_now_is_not_a_matter_of_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    keys, path = ContentKeys(tmp_path / "cache"), tmp_path / "full.mp4"
    path.write_text("x")

    def refuse(_: Path) -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(keys, "key", refuse)
    error = identify(path, keys).error
    assert error is not None
    assert error.reason == Reason.UNAVAILABLE
    assert f"cannot be read now ({os.strerror(number)}); run again once it can" in error.message
