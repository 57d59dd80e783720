"""What the installed FFmpeg can decode."""

import av
import pytest

from avel.pipeline.media import codecs


def test_every_wanted_decoder_is_looked_for() -> None:
    found = codecs.decoders()
    assert tuple(found) == codecs.WANTED
    assert found["h264"]
    assert found["aac"]
    for name, there in found.items():
        if there:
            assert av.Codec(name, "r").name


def test_one_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "WANTED", ("h264", "realvideo99"))
    assert codecs.decoders() == {"h264": True, "realvideo99": False}


def test_the_library_says_its_version() -> None:
    assert codecs.library().startswith("FFmpeg ")
    assert codecs.library().split()[1][:1].isalnum()
