"""Folders: every file is read, or counted and named with its reason; no link is a trap."""

import os
import socket
from pathlib import Path

import pytest

from avel.pipeline.media.folders import MOST_KINDS, find_media
from avel.pipeline.reasons import InputError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_what_is_left_out_is_counted_by_kind(tmp_path: Path) -> None:
    touch(
        tmp_path, "a.mp4", "b.VOB", "sub/c.gif", "1.txt", "sub/2.TXT", "p.jpg", "README", ".x.mp4"
    )
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "gone.mp4").symlink_to("nowhere")
    (tmp_path / "self.mp4").symlink_to("self.mp4")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.fsencode(tmp_path / "s.mp4"))
    listening.close()
    found = find_media(tmp_path)
    assert found.files == [tmp_path / name for name in ("a.mp4", "b.VOB", "sub/c.gif")]
    assert found.left_out == (
        "9 files left out: .txt (2), broken link (2), no regular file (2), .jpg (1), hidden (1), no suffix (1)"
    )


def test_nothing_is_said_where_all_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b/b.mkv")
    assert find_media(tmp_path).left_out == ""
    assert find_media(tmp_path / "b").files == [tmp_path / "b" / "b.mkv"]


def test_one_is_one_file_and_many_kinds_are_cut(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt")
    assert find_media(tmp_path).left_out == "1 file left out: .txt (1)"
    touch(tmp_path, *(f"a.{n:02d}x" for n in range(MOST_KINDS + 2)))
    said = find_media(tmp_path).left_out
    assert said.startswith(f"{MOST_KINDS + 3} files left out: .00x (1), .01x (1), ")
    assert said.endswith(", .11x (1), and 3 more kinds")


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    """What lies there is read where it lies, though a link to it is met first."""
    touch(tmp_path, "here/z/a.mp4", "elsewhere/b.mp4", "elsewhere/deep/c.mp4")
    here = tmp_path / "here"
    (here / "a link").symlink_to("z")
    (here / "out").symlink_to(tmp_path / "elsewhere")
    (here / "out again").symlink_to(tmp_path / "elsewhere" / "deep")
    found = find_media(here)
    assert found.files == [here / name for name in ("out/b.mp4", "out/deep/c.mp4", "z/a.mp4")]
    assert found.folders == [
        f"{here}/a link (the same as {here}/z)",
        f"{here}/out again (the same as {here}/out/deep)",
    ]


def test_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "d/a.mp4")
    (tmp_path / "d" / "up").symlink_to("..")
    (tmp_path / "d" / "e").mkdir()
    (tmp_path / "d" / "e" / "me").symlink_to(tmp_path / "d" / "e")
    found = find_media(tmp_path)
    assert found.files == [tmp_path / "d" / "a.mp4"]
    assert found.left_out == (
        f"2 folders left out: {tmp_path}/d/e/me (the same as {tmp_path}/d/e), "
        f"{tmp_path}/d/up (the same as {tmp_path})"
    )


def test_many_links_to_one_another_are_no_explosion(tmp_path: Path) -> None:
    """Each of ten folders holds links to all: paths without end, files ten."""
    for one in range(10):
        touch(tmp_path, f"{one}/v.mp4")
        for other in range(10):
            (tmp_path / str(one) / f"to{other}").symlink_to(tmp_path / str(other))
    found = find_media(tmp_path / "0")
    assert len(found.files) == 10
    assert len(found.folders) == 100 - 9


def test_hidden_folders_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", ".git/b.mp4")
    assert find_media(tmp_path).left_out == f"1 folder left out: {tmp_path}/.git (hidden)"
    assert find_media(tmp_path / ".git").files == [tmp_path / ".git" / "b.mp4"], "one that is meant"


def test_folders_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.mp4", "mine/b.mp4")
    real = os.scandir

    def refused(path: Path) -> object:
        if path.name == "mine":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refused)
    found = find_media(tmp_path)
    assert found.left_out == f"1 folder left out: {tmp_path}/mine (Permission denied)"
    with pytest.raises(InputError, match=r"mine: cannot be listed \(Permission denied\)"):
        find_media(tmp_path / "mine")


def test_names_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n\x1b-.MP4")
    touch(tmp_path, name)
    assert find_media(tmp_path).files == [tmp_path / name]
