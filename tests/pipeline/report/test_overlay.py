"""The video of attention: the right frames, seconds and sound, decoded again."""

from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.report import overlay
from avel.pipeline.report.figure import Answer
from avel.pipeline.report.overlay import LINE, SIDE, _at, _picture, write_overlay
from tests.pipeline.report.material import film, scores


def test_the_video_has_the_sound_and_the_attention(synth: Path, tmp_path: Path) -> None:
    """Decoded again: as long, as loud, and brighter red where the attention is."""
    path, config = min((synth / "AVE").glob("*.mp4")), SegmentConfig()
    answer = Answer("model", Result(str(path), "ok", segments=10), scores(10, 8))
    write_overlay(tmp_path / "o.mp4", answer, config, [("an event", 2.0, 5.0)])
    made = segment_whole(tmp_path / "o.mp4", SegmentConfig(image_size=SIDE, short_side=SIDE))
    assert len(made.samples) == 10
    source = segment_whole(path, config).samples.astype(float)
    loud, loud_made = (x.std(1) for x in (source, made.samples.astype(float)))
    np.testing.assert_allclose(loud_made, loud, rtol=0.15)
    lag = (
        np.correlate(source[3][:2000], made.samples[3][:2000].astype(float), "full").argmax() - 1999
    )
    assert abs(lag) < 60  # of 44,100: the encoder's delay is taken off again
    frame = made.frames[5, 0].astype(float)
    red = frame[0] - frame[2]
    # the picture is 448 wide and a little higher: the square cut of it loses its lower edge at most
    assert red[64:128, 64:128].mean() > red[256:, 256:].mean() + 20
    assert not list(tmp_path.glob("*.part"))


def test_silent_videos_have_no_sound(tmp_path: Path) -> None:
    path = film(tmp_path / "mute.mkv", 2, sound=False)
    result = Result(str(path), "partial", ("NO_AUDIO",), segments=2)
    write_overlay(tmp_path / "o.mp4", Answer("m", result, scores(2, 0)), SegmentConfig(), None)
    made = segment_whole(tmp_path / "o.mp4", SegmentConfig())
    assert "NO_AUDIO" in {str(flag) for flag in made.flags}


def test_lines_say_what_is_on_in_their_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line of the model, and one of the truth where it is known."""
    path, drawn = film(tmp_path / "v.mkv", 2), []

    def noted(frame: np.ndarray, weights: np.ndarray, lines: list[str]) -> np.ndarray:
        drawn.append(tuple(lines))
        return np.zeros((SIDE + LINE * len(lines), SIDE, 3), np.uint8)

    monkeypatch.setattr(overlay, "_picture", noted)
    result = Result(str(path), "ok", segments=2, events=(Event(1.0, 2.0, "dog", 0.5),))
    answer = Answer("m", result, scores(2, 0))
    write_overlay(tmp_path / "o.mp4", answer, SegmentConfig(), [("bell", 0.0, 1.0)])
    assert drawn == [("m: -", "truth: bell")] * 10 + [("m: dog", "truth: -")] * 10
    drawn.clear()
    write_overlay(tmp_path / "o.mp4", answer, SegmentConfig(), None)
    assert drawn == [("m: -",)] * 10 + [("m: dog",)] * 10


def test_an_event_is_on_in_the_seconds_that_it_covers_most_of() -> None:
    spans = [("a", 0.4, 1.6), ("b", 1.0, 3.0)]
    assert [_at(spans, t) for t in range(4)] == ["a", "a, b", "b", "-"]


def test_a_picture_has_its_lines_below() -> None:
    weights = np.full(4, 0.25, np.float32)
    frame = np.full((3, 8, 8), 100, np.uint8)
    picture = _picture(frame, weights, ["one", "x" * 500])
    assert picture.shape == (SIDE + 2 * LINE, SIDE, 3)
    assert (picture[:SIDE] == 45).all()
    for line in range(2):
        rows = picture[SIDE + LINE * line : SIDE + LINE * (line + 1)]
        assert rows.max() == 255
        assert (rows == 0).mean() > 0.5


def test_a_film_that_stops_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "v.mkv", 1)

    def stop(*_: object) -> np.ndarray:
        raise KeyboardInterrupt

    monkeypatch.setattr(overlay, "_picture", stop)
    answer = Answer("m", Result(str(path), "ok", segments=1), scores(1, 0))
    with pytest.raises(KeyboardInterrupt):
        write_overlay(tmp_path / "o.mp4", answer, SegmentConfig(), None)
    assert [p.name for p in tmp_path.iterdir()] == ["v.mkv"]
