"""What an open_clip record says, and records that say what cannot be done."""

import json
from pathlib import Path
from typing import Any

import pytest
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

from avel.extractors.vision.record import (
    OPENAI_MEAN,
    OPENAI_STD,
    RECORD,
    read_preprocessing,
    read_record,
    record_path,
)
from avel.extractors.weights.files import Weights, WeightsError, WeightsFile

WHOLE: dict[str, Any] = {
    "model_cfg": {"embed_dim": 24, "vision_cfg": {"image_size": 96}},
    "preprocess_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]},
}


def folder(path: Path, model: dict[str, Any] | None = None, **prepared: Any) -> Weights:
    """Weights beside the whole record, with settings changed."""
    record = {
        "model_cfg": {**WHOLE["model_cfg"], **(model or {})},
        "preprocess_cfg": {**WHOLE["preprocess_cfg"], **prepared},
    }
    (path / RECORD).write_text(json.dumps(record))
    return Weights((WeightsFile(path / "w.bin", "given", "0" * 64),))


def test_what_the_record_leaves_out_is_open_clips_default(tmp_path: Path) -> None:
    found = read_preprocessing(folder(tmp_path))
    assert found.cells == {
        "image_size": 96,
        "short_side": 96,
        "fit": "crop",
        "interpolation": "bicubic",
    }
    assert found.recipe == {**found.cells, "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"size": 64}, {"image_size": 64, "short_side": 64}),
        ({"size": [64, 32]}, {"image_size": 64, "short_side": 64}),
        ({"resize_mode": "squash"}, {"fit": "squash"}),
        ({"resize_mode": "shortest"}, {"fit": "crop"}),
        ({"resize_mode": "longest"}, {"fit": "pad"}),
        ({"resize_mode": "longest", "fill_color": 0}, {"fit": "pad"}),
        ({"resize_mode": "squash", "fill_color": 7}, {"fit": "squash"}),
        ({"interpolation": "bilinear"}, {"interpolation": "bilinear"}),
    ],
)
def test_what_the_record_says_counts(
    tmp_path: Path, said: dict[str, Any], expected: dict[str, Any]
) -> None:
    cells = read_preprocessing(folder(tmp_path, **said)).cells
    assert {name: cells[name] for name in expected} == expected


def test_a_tower_that_says_no_size_has_224(tmp_path: Path) -> None:
    assert read_preprocessing(folder(tmp_path, {"vision_cfg": {}})).image_size == 224


def test_openais_normalisation_is_open_clips() -> None:
    assert (OPENAI_MEAN, OPENAI_STD) == (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD)


def test_a_resize_mode_that_the_segments_stage_has_not(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="'tile' is none of shortest, squash, longest"):
        read_preprocessing(folder(tmp_path, resize_mode="tile"))


def test_bars_of_another_colour_than_black(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"fill_color 127 is not 0; .* between black bars"):
        read_preprocessing(folder(tmp_path, resize_mode="longest", fill_color=127))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{}", "KeyError: 'model_cfg'"),
        ("[1]", "TypeError"),
        ("{", "JSONDecodeError"),
        ('{"model_cfg": {}, "preprocess_cfg": {}}', "KeyError: 'vision_cfg'"),
        (
            json.dumps({**WHOLE, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5]}}),
            "KeyError: 'std'",
        ),
    ],
)
def test_files_that_are_no_records(tmp_path: Path, text: str, cause: str) -> None:
    weights = folder(tmp_path)
    record_path(weights).write_text(text)
    with pytest.raises(
        WeightsError, match=rf"is no record of open_clip \({cause}.* needs model_cfg and preproc"
    ):
        read_record(weights)


def test_no_record_is_an_empty_one(tmp_path: Path) -> None:
    """As beside OpenAI's archives, which need none."""
    weights = folder(tmp_path)
    record_path(weights).unlink()
    assert read_record(weights) == {}
