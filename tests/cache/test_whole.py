"""A file is the new one, whole, or the old one; nothing is left beside it."""

import os
from pathlib import Path

import pytest

from avel.cache.whole import replacing, sync_folder


def test_the_new_file_takes_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.npz"
    for text in ("old", "new"):
        with replacing(path) as part:
            assert part != path
            assert part.suffix == path.suffix  # numpy adds it where it is missing
            part.write_text(text)
            assert text == "old" or path.read_text() == "old"
        assert path.read_text() == text
    assert [p.name for p in path.parent.iterdir()] == ["file.npz"]


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt()])
def test_a_failure_keeps_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as part:
        part.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "file"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_names_are_synced_in_a_folder_only(tmp_path: Path) -> None:
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synced, then the name changes, then the folder is synced."""
    steps: list[str] = []
    sync, move = os.fsync, Path.replace

    def fsync(number: int) -> None:
        target = os.readlink(f"/proc/self/fd/{number}")
        steps.append("folder" if Path(target).is_dir() else "content")
        sync(number)

    def replaced(self: Path, target: Path) -> Path:
        steps.append("name")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replaced)
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("one")
    assert steps == ["content", "name", "folder"]
    steps.clear()
    with replacing(tmp_path / "a.txt", durable=False) as part:
        part.write_text("two")
    assert steps == ["name"]  # of 20,000 results each would wait for the disk twice
    assert (tmp_path / "a.txt").read_text() == "two"


def test_a_file_in_the_making_is_hidden_and_of_this_process(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.csv") as part:
        assert part == tmp_path / f".a.{os.getpid()}.csv"
        part.touch()
