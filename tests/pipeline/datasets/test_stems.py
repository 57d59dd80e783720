"""Videos by name: every kind of file, in any letters, the usual ones first."""

import os
from pathlib import Path

import pytest

from avel.pipeline.datasets.stems import video_of
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, VIDEO_SUFFIXES
from avel.pipeline.reasons import InputError


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_every_end_in_any_letters(tmp_path: Path, suffix: str) -> None:
    for number, end in enumerate((suffix, suffix.upper(), suffix.title())):
        path = tmp_path / f"-id {number}{end}"
        path.touch()
        assert video_of(tmp_path, f"-id {number}") == path


def test_what_is_no_video_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").mkdir()
    for name in ("x.txt", "x.wav", "x", ".mp4", "X.mkv", "x.y.mkv"):
        (tmp_path / name).touch()
    assert video_of(tmp_path, "x") is None
    assert video_of(tmp_path / "none", "x") is None
    assert video_of(tmp_path / "x", "x") is None
    assert video_of(tmp_path, "x.y") == tmp_path / "x.y.mkv"


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(InputError, match=r"v: cannot be listed \(Permission denied\)"):
        video_of(tmp_path / "v", "x")
    (tmp_path / "y.mp4").touch()
    assert video_of(tmp_path, "y") == tmp_path / "y.mp4", "what is asked for by name is found"


def test_the_usual_end_goes_first(tmp_path: Path) -> None:
    for end in (".gif", ".AVI", ".MP4", ".mp4"):
        path = tmp_path / f"x{end}"
        path.touch()
        assert video_of(tmp_path, "x") == path, "also what came after the folder was looked at"


def test_sounds_are_media_and_no_videos() -> None:
    assert ".wav" in MEDIA_SUFFIXES - set(VIDEO_SUFFIXES)
    assert set(VIDEO_SUFFIXES) < MEDIA_SUFFIXES
    assert len(set(VIDEO_SUFFIXES)) == len(VIDEO_SUFFIXES)
