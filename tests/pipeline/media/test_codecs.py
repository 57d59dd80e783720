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
