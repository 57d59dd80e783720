"""Opening files: one local file and nothing else; what cannot be opened is said in words."""

import errno
import os
from pathlib import Path

import av
import pytest

from avel.pipeline.media.container import FORMATS, open_container
from avel.pipeline.reasons import MediaError, Reason
from tests.films import clicks, regular, write_film


def refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        open_container(path)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "v.mp4", frame_times=regular(100))


def test_a_film_opens_and_closes(film: Path) -> None:
    with open_container(film) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.format.name.startswith("mov,mp4")


def test_names_that_libav_would_take_for_something_else(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A colon makes no protocol, a dash no option, and `%03d` no sequence of pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ("http:v.mp4", "-v.mp4", "v%03d.mp4", "pipe:0", "ünï çödé.mp4", "concat:a|b.mp4"):
        (tmp_path / name).write_bytes(film.read_bytes())
        for path in (tmp_path / name, Path(name)):
            with open_container(path) as container:
                assert container.streams.video


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", Reason.EMPTY, "the file has 0 bytes; copy it again"),
        (b"Dear reader,\nthis is no video.\n", Reason.DECODE_ERROR, "is text, not a video"),
        (b"\x7fELF\x02\x01" + bytes(200), Reason.DECODE_ERROR, "is no container that avel reads; see `avel doctor` for the formats"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/a.ts\n", Reason.DECODE_ERROR, "is a playlist or manifest; give the media file itself"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", Reason.DECODE_ERROR, "is a playlist or manifest"),
        (b"[playlist]\nFile1=http://127.0.0.1:1/\n", Reason.DECODE_ERROR, "is a playlist or manifest"),
        (b"<?xml version='1.0'?><MPD/>", Reason.DECODE_ERROR, "is a playlist or manifest"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(300), Reason.DECODE_ERROR, "is an MP4 without a readable index"),
    ],
    ids=["empty", "text", "program", "m3u8", "ffconcat", "pls", "dash", "cut mp4"],
)  # fmt: skip
def test_what_a_file_is_instead(tmp_path: Path, content: bytes, reason: Reason, words: str) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    error = refused(path)
    assert error.reason == reason
    assert words in error.message


def test_mp4_without_index(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[:2000])
    assert "cut while it was written or copied; copy it again" in refused(cut).message


def test_libavs_own_words_are_kept_in_brackets(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"\x00\x01\x02" * 50)
    error = refused(path)
    assert error.message.endswith("(Invalid data found when processing input)")
    assert error.__cause__ is not None


def test_missing_file_and_folder(tmp_path: Path, film: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path, film / "below a file.mp4"):
        error = refused(path)
        assert error.reason == Reason.MISSING_FILE
        assert error.message.endswith("is not a file")


def test_unreadable_file(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)  # the superuser may read anything
    error = refused(film)
    assert error.reason == Reason.PERMISSION
    assert error.message.endswith("may not be read; check its rights")


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ESTALE])
def test_a_file_that_cannot_be_read_now(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    error = refused(film)
    assert error.reason == Reason.UNAVAILABLE
    assert f"cannot be read now ({os.strerror(number)}); run again" in error.message


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EMFILE, Reason.UNAVAILABLE),
        (errno.ESTALE, Reason.UNAVAILABLE),
        (errno.EIO, Reason.DECODE_ERROR),  # libav says so of broken files too
        (errno.ENOMEM, Reason.DECODE_ERROR),
    ],
)
def test_libav_is_refused_the_file(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason
) -> None:
    """It opens the file once more, after it was opened and its first bytes were read."""
    monkeypatch.setattr(av, "open", lambda *_, **__: av.error.err_check(-number))
    assert refused(film).reason == reason


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    """Neither by its suffix nor by its content; libav would open every file that it names."""
    write_film(tmp_path / "a.wav", samples=clicks(4410, [5]))
    listing = tmp_path / "list.mp4"
    listing.write_text("ffconcat version 1.0\nfile a.wav\n")
    assert "playlist" in refused(listing).message


def test_formats_are_demuxers_of_single_files() -> None:
    names = set(FORMATS.split(","))
    assert names.isdisjoint({"hls", "dash", "concat", "image2", "lavfi", "rtsp", "sdp", "tty"})
    known = {part for name in av.formats_available for part in name.split(",")}
    assert len(names & known) >= 30
    assert not [name for name in names if name != name.strip() or not name]


def test_the_file_is_let_go_when_it_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(300))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        refused(path)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
