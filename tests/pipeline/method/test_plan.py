"""One plan: worked out once, and what it decides."""

from pathlib import Path

import pytest

from avel.cache.fingerprint import fingerprint
from avel.extractors.weights import files as weight_files
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import Asked, EventConfig
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.openvocab import OpenVocabulary
from avel.pipeline.method.plan import PipelineConfig, plan_features, plan_localization
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.method.stores import features_recipe, scores_recipe, segments_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.synth.script import class_names
from tests.pipeline.method.stubs import CUT, StubEncoder

SYNTHETIC = Path("synthetic")
TINY = Path(weight_files.__file__).parent / "audioclip-tiny.safetensors"


def test_the_encoders_cut_and_what_is_set_beside() -> None:
    plan = plan_features(StubEncoder(), {"frames_per_cell": 3})  # type: ignore[arg-type]
    assert plan.segment == SegmentConfig(**CUT, frames_per_cell=3)
    assert plan.features == features_recipe(plan.segment, StubEncoder.recipe)


def test_stores_lie_where_their_recipes_say(tmp_path: Path) -> None:
    plan = plan_localization(PipelineConfig(SYNTHETIC))
    stores = plan.stores(tmp_path)
    recipes = {
        "segments": segments_recipe(plan.segment),
        "features": plan.features,
        "scores": scores_recipe(plan.features, plan.localizer.sha256, {"overlap_cells": 5}),
    }
    for stage, recipe in recipes.items():
        assert getattr(stores, stage).folder == tmp_path / stage / fingerprint(recipe)


def test_decoder_and_overlap_are_the_configs() -> None:
    asked = PipelineConfig(SYNTHETIC, events=Asked("argmax"), scores=ScoreConfig(2))
    plan = plan_localization(asked)
    assert (plan.decoder, plan.scores.overlap_cells) == (EventConfig("argmax"), 2)
    assert (
        plan_localization(PipelineConfig(SYNTHETIC)).decoder == TrainedModel(DEFAULT_MODEL).decoder
    )


def test_the_encoder_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, asked = plan_localization(PipelineConfig(SYNTHETIC)), []
    real = TrainedModel.encoder
    monkeypatch.setattr(
        TrainedModel, "encoder", lambda self, weights: asked.append(weights) or real(self, weights)
    )
    assert plan.encoder is plan.encoder
    assert asked == [()]


def test_a_checkpoint_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from avel.pipeline.method import model

    read, hashed = [], []
    real, real_hash = model.describe, model.file_sha256
    monkeypatch.setattr(model, "describe", lambda path: read.append(path) or real(path))
    monkeypatch.setattr(model, "file_sha256", lambda path: hashed.append(path) or real_hash(path))
    plan = plan_localization(PipelineConfig(SYNTHETIC))
    plan.stores(tmp_path)
    assert plan.localizer.identity["sha256"] == plan.localizer.sha256
    assert (read, hashed) == ([DEFAULT_MODEL], [DEFAULT_MODEL])


def test_weights_given_by_hand_are_looked_at_at_once(tmp_path: Path) -> None:
    """Also where everything is cached and nothing would need them."""
    other = tmp_path / "other.safetensors"
    other.write_bytes(TINY.read_bytes() + b" ")
    with pytest.raises(ValueError, match="was trained on other features"):
        plan_localization(PipelineConfig(SYNTHETIC, weights=(other,)))
    same = plan_localization(PipelineConfig(SYNTHETIC, weights=(TINY,)))
    assert fingerprint(same.features) == fingerprint(
        plan_localization(PipelineConfig(SYNTHETIC)).features
    )


def test_words_are_a_localizer_of_their_own() -> None:
    plan = plan_localization(PipelineConfig(labels=(class_names()[0],)))
    assert isinstance(plan.localizer, OpenVocabulary)
    assert plan.localizer.classes == (class_names()[0],)
    with pytest.raises(InputError, match="an empty label names nothing"):
        plan_localization(PipelineConfig(labels=(" ",)))
