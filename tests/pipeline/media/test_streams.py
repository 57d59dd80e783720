"""Packets and frames from any second on, wherever a jump leads."""

from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.streams import choose, decoded
from avel.pipeline.reasons import MediaError
from tests.pipeline.media.pieces import film


@pytest.mark.parametrize("kind", ["mkv", "mp4", "avi"])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(5, 2), Fraction(59, 10), Fraction(100)])
def test_the_first_packet_is_not_after_the_second_that_is_asked_for(
    tmp_path: Path, kind: str, start: Fraction
) -> None:
    codec = {"codec": "mpeg4", "pixel_format": "yuv420p"} if kind == "avi" else {}
    path = film(
        tmp_path / f"f.{kind}",
        options={"g": "20"},
        audio_codec="pcm_s16le" if kind == "avi" else "aac",
        **codec,
    )
    for name in ("video", "audio"):
        with open_container(path) as container:
            streams = choose(container, Reading(path))
            stream = getattr(streams, name)
            first = next(streams.packets(stream, start))
            assert first.is_keyframe
            assert streams.seconds(first.pts, stream) <= start


def test_frames_come_in_order_with_the_times_of_the_results(tmp_path: Path) -> None:
    """The clock begins with the earlier of both streams."""
    path = film(tmp_path / "f.mkv", 2.0, frame_times=[Fraction(n + 5, 10) for n in range(15)])
    with open_container(path) as container:
        streams = choose(container, Reading(path))
        assert streams.video is not None
        times = [time for time, _ in decoded(streams, streams.video, Fraction(0))]
    assert times == [Fraction(n + 5, 10) for n in range(15)]


def test_a_file_that_breaks_off_ends_there(tmp_path: Path) -> None:
    path = film(tmp_path / "f.mkv", 4.0, options={"qp": "0", "g": "5"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_container(path) as container:
        streams = choose(container, Reading(path))
        assert streams.video is not None
        times = [time for time, _ in decoded(streams, streams.video, Fraction(0))]
    assert 5 < len(times) < 40


def test_a_file_without_picture_or_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "s.mkv", 1.0)
    monkeypatch.setattr("avel.pipeline.media.streams.best_stream", lambda *_: None)
    with (
        open_container(path) as opened,
        pytest.raises(MediaError, match=r"s\.mkv: no video or audio stream"),
    ):
        choose(opened, Reading(path))
