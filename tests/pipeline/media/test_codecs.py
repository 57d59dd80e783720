"""What FFmpeg can decode, asked of the library itself."""

import av
import pytest

from avel.pipeline.media import codecs


def test_every_wanted_decoder_is_in_the_wheels() -> None:
    there = codecs.decoders()
    assert tuple(there) == codecs.WANTED
    assert all(there.values())
    for name in codecs.WANTED:
        assert av.codec.Codec(name, "r").name == name


def test_one_that_is_not_there_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "WANTED", ("aac", "no_such_codec"))
    assert codecs.decoders() == {"aac": True, "no_such_codec": False}


def test_the_library_says_its_version() -> None:
    assert codecs.library() == f"FFmpeg {av.ffmpeg_version_info}"


@pytest.mark.parametrize(
    ("version", "lacks"),
    [
        ("8.1.2", "8.1.3"),
        ("8.1.3", None),
        ("n8.1.3-12-gabc", None),
        ("n8.1", "8.1.3"),
        ("8.2", None),
        ("9.0.1", "9.0.2"),
        ("9.0", "9.0.2"),
        ("9.1", None),
        ("10.0", None),
        ("7.1.4-0+deb13u1", "8.1.3"),
        ("4.4", "8.1.3"),
        ("N-118000-g0123456", None),
        ("git-2026-01-01", None),
    ],
)
def test_releases_with_fixes_of_security(version: str, lacks: str | None) -> None:
    assert codecs.older_than(version) == lacks


def test_the_newest_fixes_are_of_the_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "SECURE", {8: (8, 1, 3)})
    assert codecs.older_than("9.0") is None
    assert codecs.older_than("7.9.9") == "8.1.3"


def test_what_people_have_may_be_used_and_what_nobody_tests_may_not() -> None:
    """Of some 500; all of them are in the wheels, under these names."""
    assert all(codecs.decoders((*codecs.VIDEO, *codecs.AUDIO)).values())
    assert not codecs.VIDEO & codecs.AUDIO
    kinds = {av.codec.Codec(name, "r").type for name in codecs.VIDEO}
    assert kinds == {"video"}
    assert {av.codec.Codec(name, "r").type for name in codecs.AUDIO} == {"audio"}
    assert len(codecs.VIDEO | codecs.AUDIO) < 150
    for name in (*codecs.WANTED, "libdav1d", "mp3float", "pcm_s16le"):
        assert codecs.is_allowed(name)
    for name in ("magicyuv", "hap", "interplayvideo", "wavesynth", "bfi"):
        assert not codecs.is_allowed(name)
        assert codecs.is_allowed(name, (name,))


def test_the_default_decoder_of_each_usual_format_may_be_used() -> None:
    """FFmpeg takes the first that it has of a format, by no name that a file says."""
    for name in (
        "h264",
        "hevc",
        "av1",
        "vp8",
        "vp9",
        "mpeg4",
        "mp3",
        "aac",
        "opus",
        "ac3",
        "vorbis",
    ):
        assert codecs.is_allowed(av.codec.CodecContext.create(name, "r").name)


def test_options_name_all_that_may_decode_and_how_large() -> None:
    options = codecs.decoding_options(("hap",))
    assert set(options["codec_whitelist"].split(",")) == {*codecs.VIDEO, *codecs.AUDIO, "hap"}
    assert 7680 * 4320 < int(options["max_pixels"]) < 2**31
