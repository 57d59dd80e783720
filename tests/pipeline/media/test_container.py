"""Opening files: one local file and nothing else; what cannot be opened is said in words."""

import errno
import os
from contextlib import nullcontext
from io import FileIO
from pathlib import Path

import av
import pytest

from avel.pipeline.media import container
from avel.pipeline.media.container import FORMATS, open_container
from avel.pipeline.reasons import MediaError, Reason
from tests.films import clicks, regular, write_film


def refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught, open_container(path):
        pass
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value


def copied(film: Path, path: Path, options: dict[str, str], **tags: str) -> Path:
    """A film's picture in another container."""
    with av.open(str(film)) as source, av.open(str(path), "w", options=options) as target:
        target.metadata.update(tags)
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "v.mp4", frame_times=regular(100))


def test_a_film_opens_and_closes(film: Path) -> None:
    with open_container(film) as opened:
        assert [stream.type for stream in opened.streams] == ["video"]
        assert opened.format.name.startswith("mov,mp4")


def test_names_that_libav_would_take_for_something_else(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A colon makes no protocol, a dash no option, and `%03d` no sequence of pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ("http:v.mp4", "-v.mp4", "v%03d.mp4", "pipe:0", "ünï çödé.mp4", "concat:a|b.mp4"):
        (tmp_path / name).write_bytes(film.read_bytes())
        for path in (tmp_path / name, Path(name)):
            with open_container(path) as opened:
                assert opened.streams.video


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
    for path, what in {
        tmp_path / "none.mp4": "is not a file",
        tmp_path: "is a folder, not a regular file",
        film / "below a file.mp4": "is not a file",
    }.items():
        error = refused(path)
        assert error.reason == Reason.MISSING_FILE
        assert error.message.endswith(what)


@pytest.mark.parametrize(
    ("number", "reason", "words"),
    [
        (errno.EACCES, Reason.PERMISSION, "may not be read; check its rights"),
        (errno.EIO, Reason.UNAVAILABLE, "cannot be read now (Input/output error); run again"),
        (errno.EMFILE, Reason.UNAVAILABLE, "cannot be read now (Too many open files); run again"),
        (errno.ENOMEM, Reason.UNAVAILABLE, "cannot be read now (Cannot allocate memory)"),
        (errno.ESTALE, Reason.UNAVAILABLE, "cannot be read now (Stale file handle); run again"),
    ],
)
def test_a_file_that_cannot_be_read_now(
    film: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason, words: str
) -> None:
    """Whether when it is opened, or later when libav asks for bytes (it says EIO of broken ones)."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)  # the superuser may read anything
        assert refused(film).reason == reason
        assert words in refused(film).message
    real = container.open_regular

    def breaks(path: Path) -> FileIO:
        class Broken(FileIO):
            def read(self, size: int = -1) -> bytes:  # type: ignore[override]
                return super().read(size) if size == 64 else refuse()  # type: ignore[return-value]

        real(path).close()
        return Broken(path)

    monkeypatch.setattr(container, "open_regular", breaks)
    error = refused(film)
    assert (error.reason, words in error.message) == (reason, True)


@pytest.mark.parametrize("inner", ["a.wav", "/etc/passwd", "http://127.0.0.1:1/a.wav"])
def test_a_file_that_names_others_opens_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    """Should a demuxer follow what it reads: libav itself may open nothing."""
    monkeypatch.setattr(container, "FORMATS", "concat,wav")
    write_film(tmp_path / "a.wav", samples=clicks(4410, [5]))
    (tmp_path / "v.mp4").write_text(f"ffconcat version 1.0\nfile '{inner}'\n")
    assert refused(tmp_path / "v.mp4").reason in (Reason.DECODE_ERROR, Reason.PERMISSION)
    options = {"safe": "0"}
    with av.open(str(tmp_path / "v.mp4"), options=options) if inner == "a.wav" else nullcontext():
        pass  # which else it would do


def test_segments_of_streams_say_which_part_is_missing(film: Path, tmp_path: Path) -> None:
    """DASH and HLS cut films into an init part and segments, each useless without the other."""
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    whole = copied(film, tmp_path / "v.mp4", flags).read_bytes()
    at = whole.index(b"moof") - 4
    segment = tmp_path / "segment.m4s"
    for first in (b"", b"\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhmsix"):
        segment.write_bytes(first + whole[at:])
        error = refused(segment)
        assert error.reason == Reason.DECODE_ERROR
        assert "is a segment of a DASH or HLS stream without its init part" in error.message
        assert "cat init.mp4 segment.m4s > whole.mp4" in error.message
    segment.write_bytes(whole[:at] + segment.read_bytes())  # as the message says
    with open_container(segment) as opened:
        assert opened.streams.video
    cluster = tmp_path / "segment.webm"
    cluster.write_bytes(b"\x1f\x43\xb6\x75" + bytes(300))
    assert "is a segment of a WebM stream without its init part" in refused(cluster).message


def test_a_tag_in_another_encoding_is_no_fault(film: Path, tmp_path: Path) -> None:
    """One byte that is not UTF-8."""
    path = copied(film, tmp_path / "v.mp4", {}, title="Cafe noir")
    data = path.read_bytes()
    assert data.count(b"Cafe noir") == 1
    path.write_bytes(data.replace(b"Cafe", b"Caf\xe9"))
    with open_container(path) as opened:
        assert opened.streams.video
        assert "\N{REPLACEMENT CHARACTER}" in opened.metadata["title"]


def test_the_trial_with_a_latin1_tag(trials: Path) -> None:
    with open_container(trials / "latin1_tag.mp4") as opened:
        assert {stream.type for stream in opened.streams} == {"video", "audio"}


def test_decoders_that_are_not_offered_are_named(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.avi", frame_times=regular(30), codec="magicyuv", pixel_format="gbrp"
    )
    with open_container(path) as opened:
        assert container.refused(opened) == ["magicyuv"]


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
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_file_is_let_go_at_the_end(film: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with open_container(film):
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before
