"""Rate and size of a film, and whether its intervals are constant, without decoding."""

from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.media.probe import probe
from avel.pipeline.reasons import MediaError, Reason
from tests.films import write_film
from tests.pipeline.media.pieces import QUIET, film, numbered


@pytest.mark.parametrize("kind", ["mkv", "mp4", "avi"])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001), Fraction(10)])
def test_a_constant_rate(tmp_path: Path, kind: str, rate: Fraction) -> None:
    """Matroska's clock rounds every time to a millisecond; that is no changing interval."""
    times = [n / rate for n in range(50)]
    codec = {"codec": "mpeg4", "pixel_format": "yuv420p", "options": {}} if kind == "avi" else {}
    base = 1 / rate if kind == "avi" else Fraction(1, 90_000)
    path = write_film(
        tmp_path / f"f.{kind}", frame_times=times, frames=numbered(50), time_base=base, **codec
    )  # type: ignore[arg-type]
    said = probe(path, QUIET)
    assert float(Fraction(said["frame_rate"])) == pytest.approx(float(rate), rel=0.01)
    assert said["variable"] is False
    assert (said["width"], said["height"], said["sample_rate"]) == (64, 48, 0)


def test_changing_intervals(tmp_path: Path) -> None:
    times = [Fraction(n, 25) for n in range(20)] + [Fraction(n, 10) for n in range(8, 20)]
    path = write_film(tmp_path / "v.mkv", frame_times=times, frames=numbered(32))
    said = probe(path, QUIET)
    assert said["variable"] is True
    assert 10 < Fraction(said["frame_rate"]) < 25


def test_sound_alone_has_no_rate(tmp_path: Path) -> None:
    said = probe(film(tmp_path / "s.wav", 1.0, frame_times=(), audio_codec="pcm_s16le"), QUIET)
    assert (said["frame_rate"], said["width"], said["sample_rate"]) == ("0", 0, 44_100)
    assert Fraction(said["duration"]) == pytest.approx(1, abs=0.01)


def test_one_picture(tmp_path: Path) -> None:
    said = probe(write_film(tmp_path / "o.mkv", frame_times=[0], frames=numbered(1)), QUIET)
    assert Fraction(said["frame_rate"]) > 0
    assert said["variable"] is False


def test_what_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "t.mp4").write_text("Dear reader, this is a letter")
    with pytest.raises(MediaError, match=r"t\.mp4") as caught:
        probe(tmp_path / "t.mp4", QUIET)
    assert caught.value.reason == Reason.DECODE_ERROR
