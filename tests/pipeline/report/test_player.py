"""Where a page gets its film, and what browsers do not play."""

import base64
from pathlib import Path

import pytest

from avel.pipeline.media.footage import Kind
from avel.pipeline.report import player
from avel.pipeline.report.player import media_of, proxy_of, unplayable

H264 = Kind("mov,mp4", "h264", "yuv420p", "aac", 1.5)


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("a.mp4", H264, ""),
        ("A.MP4", H264, ""),
        ("a.webm", Kind("matroska,webm", "vp9", "yuv420p", "opus", 1), ""),
        ("a.mp4", Kind("mov,mp4", "", "", "aac"), ""),
        ("a.avi", Kind("avi", "mpeg4", "yuv420p", "mp3", 1), "AVI files"),
        ("a.mkv", H264, "MKV files"),
        ("a", H264, "nameless files"),
        ("a.mp4", Kind("mov,mp4", "hevc", "yuv420p", "aac", 1), "HEVC pictures"),
        ("a.mp4", Kind("mov,mp4", "mpeg4", "yuv420p", "aac", 1), "MPEG-4 part 2 pictures"),
        ("a.mp4", Kind("mov,mp4", "h264", "yuv420p10le", "aac", 1), "pictures of yuv420p10le"),
        ("a.mov", Kind("mov,mp4", "h264", "yuv420p", "pcm_s16le", 1), "pcm_s16le sound"),
        ("a.mp4", Kind("mov,mp4", "", "", "amrnb"), "amrnb sound"),
    ],
)
def test_what_browsers_play(name: str, kind: Kind, why: str) -> None:
    assert unplayable(Path(name), kind) == why


def test_a_small_film_is_in_the_page(tmp_path: Path) -> None:
    film = tmp_path / "a.MP4"
    film.write_bytes(b"\x00film")
    found = media_of(film, H264)
    data = base64.b64encode(film.read_bytes()).decode()
    assert found.address == f"data:video/mp4;base64,{data}"
    assert "This browser does not play this file" in found.cannot


def test_a_large_film_is_linked_from_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / 'a "b" %.mp4'
    film.write_bytes(b"film")
    monkeypatch.setattr(player, "MOST_EMBEDDED_BYTES", 3)
    page = tmp_path / "out" / "a.html"
    assert media_of(film, H264, page).address == "../a%20%22b%22%20%25.mp4"
    assert media_of(film, H264).address == f"file://{tmp_path}/a%20%22b%22%20%25.mp4"


def test_why_there_is_no_player(tmp_path: Path) -> None:
    film = tmp_path / "a.avi"
    assert media_of(film, None).cannot == "The film is not where it was when it was localized."
    film.write_bytes(b"film")
    said = media_of(film, Kind("avi", "mpeg4")).cannot
    assert said == ("Browsers do not play AVI files. For a small copy that they do play: --proxy.")
    assert media_of(film, None).cannot.startswith("Browsers do not play this file.")
    assert media_of(film, None).address == ""


def test_sound_alone_needs_no_room(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"film")
    assert media_of(film, H264).pictures
    assert not media_of(film, Kind("mov,mp4", "", "", "aac")).pictures
    assert not media_of(film, Kind("wav", "", "", "pcm_s16le")).pictures


def test_a_small_copy_beside_the_page_is_taken(tmp_path: Path) -> None:
    page = tmp_path / "a.avi.html"
    assert proxy_of(page) == tmp_path / "a.avi.proxy.mp4"
    proxy_of(page).write_bytes(b"copy")
    found = media_of(tmp_path / "a.avi", Kind("avi", "mpeg4"), page)
    assert found.address == f"data:video/mp4;base64,{base64.b64encode(b'copy').decode()}"
