"""What a training reads is worked out once, from the config alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from avel.configs.load import ConfigError
from avel.extractors import ExtractorError, choose
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.weights import files
from avel.extractors.weights.files import WeightsError
from avel.models.card import CheckpointError
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.prepare import prepare, users_setting
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.stores import features_recipe, segments_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

RUNTIME = RuntimeConfig(device="cpu")
TINY = choose("audioclip-tiny").recipe
TRUNK = AdapterConfig("trunk", (4,))


@pytest.mark.parametrize(
    ("experiment", "recipe"),
    [
        (Experiment(), features_recipe(SegmentConfig(), TINY)),
        (Experiment(adapter=AdapterConfig("output")), features_recipe(SegmentConfig(), TINY)),
        (
            Experiment(segment={"frames_per_cell": 4}),
            features_recipe(SegmentConfig(frames_per_cell=4), TINY),
        ),
        (
            Experiment(adapter=TRUNK),
            features_recipe(SegmentConfig(), choose("audioclip-tiny", (), {"until": 4}).recipe),
        ),
        (Experiment(augment=AugmentConfig(True)), segments_recipe(SegmentConfig())),
        (
            Experiment(augment=AugmentConfig(True), adapter=TRUNK),
            segments_recipe(SegmentConfig()),
        ),
    ],
)
def test_what_is_read(experiment: Experiment, recipe: dict[str, Any]) -> None:
    prepared = prepare(experiment, RUNTIME)
    assert prepared.recipe == recipe
    assert prepared.identity["read"] == recipe
    assert prepared.identity["encoder"] == TINY  # its weights decide the features, whatever is read
    json.dumps(prepared.identity)


def test_weights_are_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    sha256_of = files.sha256_of
    monkeypatch.setattr(files, "sha256_of", lambda path: hashed.append(path) or sha256_of(path))
    prepared = prepare(Experiment(adapter=TRUNK), RUNTIME)
    assert prepared.encoding is not None
    _ = prepared.identity, prepared.encoding.plan.features, prepared.encoding.cached.features
    assert len(hashed) == 1


def test_the_recipe_in_the_end(tmp_path: Path) -> None:
    """That of the encoder, or of the encoder with the adapters that were learned."""
    plain = prepare(Experiment(), RUNTIME)
    folder = RunFolder(tmp_path)
    assert plain.tuned_recipe(None, folder) == features_recipe(SegmentConfig(), TINY)
    assert not folder.adapters.exists()
    prepared = prepare(Experiment(adapter=AdapterConfig("output")), RUNTIME)
    cell = choose("audioclip-tiny").load()(
        torch.zeros(1, 1, 3, 224, 224, dtype=torch.uint8), torch.zeros(1, 44_100, dtype=torch.int16)
    )
    from avel.pipeline.method.extract import Features

    there = torch.ones(1, dtype=torch.bool).numpy()
    arrays = {name: value.numpy() for name, value in cell.items()}
    front = prepared.front(
        Features(**arrays, visual_mask=there, audio_mask=there, duration=1.0, flags=())
    )
    recipe = prepared.tuned_recipe(front, folder)
    assert folder.adapters.is_file()
    assert recipe["config"]["adapters"] == files.sha256_of(folder.adapters)
    assert recipe["upstream"] == segments_recipe(SegmentConfig())
    assert [path.name for path in tmp_path.iterdir()] == ["adapters.safetensors"]


def test_an_encoder_without_stages() -> None:
    pair = Experiment(extractor="audioclip-tiny+audioclip-tiny", adapter=TRUNK)
    with pytest.raises(InputError, match="has no stages; use placement 'output'"):
        prepare(pair, RUNTIME)


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        (Experiment(extractor="audioclop"), r"no extractor 'audioclop'; .*audioclip"),
        (Experiment(extractor_options={"colour": 1}), r"has no option 'colour'"),
        (Experiment(extractor_options={"precision": "int8"}), r"precision 'int8' is none of"),
        (
            Experiment(segment={"short_side": 100}),
            r"segment\.short_side \(100\) must be 0 or at least segment\.image_size \(224\)",
        ),
    ],
)
def test_a_wrong_setting_is_the_users(experiment: Experiment, message: str) -> None:
    with pytest.raises((InputError, ExtractorError), match=message):
        prepare(experiment, RUNTIME)


def test_only_a_plain_value_error_is_taken_for_a_setting() -> None:
    with pytest.raises(CheckpointError, match="damaged"), users_setting("model"):
        raise CheckpointError("damaged")
    with pytest.raises(ExtractorError, match="no such"), users_setting("model"):
        raise ExtractorError("no such")
    with pytest.raises(WeightsError, match="missing"), users_setting("model"):
        raise WeightsError("missing")
    with pytest.raises(ConfigError, match="model: too wide"), users_setting("model"):
        raise ValueError("too wide")


def test_imported_features_need_no_encoder(tmp_path: Path) -> None:
    from avel.pipeline.method.stores import open_store

    recipe = {"stage": "features", "version": 1, "config": {"imported": "x", "rows": "y"}}
    store = open_store(tmp_path, recipe)
    with store.writer():
        pass
    prepared = prepare(Experiment(features=store.fingerprint[:8]), RuntimeConfig(tmp_path))
    assert prepared.encoding is None
    assert prepared.recipe["config"] == recipe["config"]
    assert prepared.identity["encoder"] is None
    assert prepared.front(None) is None  # type: ignore[arg-type]
    assert prepared.tuned_recipe(None, RunFolder(tmp_path / "run")) == prepared.recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"augment": AugmentConfig(True)}, r"augment.enabled: training through the encoder hears"),
        (
            {"adapter": AdapterConfig("output")},
            r"adapter.placement: .* not in segment.sound_seconds \[2, 4\]; set segment.sound_sec",
        ),
    ],
)
def test_windows_of_sound_are_for_cached_features(settings: dict[str, Any], message: str) -> None:
    experiment = Experiment(segment={"sound_seconds": [2, 4]}, **settings)
    with pytest.raises(InputError, match=message):
        prepare(experiment, RUNTIME)
    cached = prepare(replace(experiment, adapter=AdapterConfig(), augment=AugmentConfig()), RUNTIME)
    assert cached.recipe["upstream"]["config"]["sound_seconds"] == [2, 4]
