"""The figure of attention: the right frames and seconds, and labels that are text."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.report.figure import COLOURS, Answer, Material, _fitted, draw, read_material
from tests.pipeline.report.material import film, scores

GREY = Material([0, 1, 2], np.full((3, 3, 16, 16), 128, np.uint8), np.zeros((300, 2), np.float32))


def colour_columns(path: Path, colour: str) -> np.ndarray:
    """Columns of a picture in which a colour is, as shares of its width."""
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    rgb = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
    found = np.flatnonzero((np.abs(picture - rgb).max(-1) < 8).any(0))
    return found / picture.shape[1]


def test_material_is_what_the_encoder_saw(synth: Path) -> None:
    path, config = min((synth / "AVE").glob("*.mp4")), SegmentConfig(image_size=112)
    whole = segment_whole(path, config)
    material = read_material(path, config, len(whole.samples))
    assert material.shown == list(range(10))
    np.testing.assert_array_equal(material.frames, whole.frames[:, 0])
    loud = whole.samples.astype(float).max(1) / 32768
    per_second = material.envelope[:, 1].reshape(10, -1).max(1)
    np.testing.assert_allclose(per_second, loud, atol=1e-3)


def test_long_videos_show_twelve_frames(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mkv", 70)
    material = read_material(path, SegmentConfig(image_size=32), 70)
    assert (material.shown[0], material.shown[-1], len(material.shown)) == (0, 69, 12)
    whole = segment_whole(path, SegmentConfig(image_size=32))
    np.testing.assert_array_equal(material.frames, whole.frames[material.shown, 0])


def test_the_figure_escapes_and_colours(tmp_path: Path) -> None:
    """Labels that look like formulas are text; an event is a bar of its length."""
    event = ("$\\frac$ <b>", 1.0, 3.0)
    answer = Answer("m$_x", Result("a$b.mp4", "ok", segments=3), scores(3, 0))
    draw(tmp_path / "f.png", GREY, [answer], [event])
    columns = colour_columns(tmp_path / "f.png", COLOURS[0])
    assert 0.5 < columns[-1] - columns[0] < 0.75  # two of three seconds
    assert [p.name for p in tmp_path.iterdir()] == ["f.png"]


def test_a_label_has_one_colour_in_all_lanes(tmp_path: Path) -> None:
    """What was found in the second half is where it was found, in its own colour."""
    result = Result("a.mp4", "ok", segments=3, events=(Event(1.5, 3.0, "b", 0.5),))
    draw(tmp_path / "f.png", GREY, [Answer("m", result, scores(3, 0))], [("a", 0.0, 1.5)])
    first, second = (colour_columns(tmp_path / "f.png", colour) for colour in COLOURS[:2])
    assert first[-1] <= second[0] + 0.01
    assert abs((first[-1] - first[0]) - (second[-1] - second[0])) < 0.01


@pytest.mark.parametrize(("suffix", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_suffix_says_the_format(tmp_path: Path, suffix: str, begins: bytes) -> None:
    answer = Answer("m", Result("a.mp4", "ok", segments=3), scores(3, 0))
    draw(tmp_path / f"f.{suffix}", GREY, [answer, answer], None)
    assert (tmp_path / f"f.{suffix}").read_bytes().startswith(begins)


def test_a_row_of_frames_for_each_model(tmp_path: Path) -> None:
    result = Result("a.mp4", "ok", segments=3)
    heights = []
    for count in (1, 2):
        answers = [Answer(f"m{n}", result, scores(3, 0)) for n in range(count)]
        draw(tmp_path / "f.png", GREY, answers, None)
        heights.append(Image.open(tmp_path / "f.png").height)
    assert heights[1] - heights[0] == round(1.5 * 1.28 * 120)


def test_labels_are_cut_to_the_width_of_their_events() -> None:
    assert _fitted("dog", 0.01) == "dog"
    assert _fitted("a dog barks", 0.02) == "a …"
    assert _fitted("a dog barks", 0.05) == "a dog b…"
    assert _fitted("a dog barks", 0.5) == "a dog barks"
