"""A trained model by its checkpoint: what it says, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open

from avel.cache.fingerprint import file_sha256
from avel.models.card import CHECKPOINT, Card, CheckpointError
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decide import EventConfig
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel, refuse_matcher
from avel.pipeline.reasons import InputError


@pytest.fixture(scope="module")
def shipped() -> TrainedModel:
    return TrainedModel(DEFAULT_MODEL)


def copied(folder: Path, **changes: object) -> Path:
    """The shipped model in a run folder, its card changed."""
    card, model, extra = load_checkpoint(DEFAULT_MODEL)
    save_checkpoint(folder / CHECKPOINT, replace(card, **changes), model, extra)  # type: ignore[arg-type]
    return folder


def test_it_says_what_its_file_says(shipped: TrainedModel) -> None:
    card, _, extra = load_checkpoint(DEFAULT_MODEL)
    assert shipped.classes == card.classes
    assert len(shipped.classes) == 28
    assert shipped.sha256 == file_sha256(DEFAULT_MODEL)
    assert shipped.identity["knows"] == card.knows
    assert shipped.limits == {
        name: pytest.approx(float(extra[f"{name}.threshold"])) for name in ("visual", "audio")
    }
    assert shipped.segment == SegmentConfig()


def test_a_run_folder_is_its_checkpoint(tmp_path: Path) -> None:
    folder = copied(tmp_path, decoder={"decoder": "argmax", "threshold": 0.5})
    assert TrainedModel(folder).path == tmp_path / CHECKPOINT
    assert TrainedModel(folder).decoder == EventConfig("argmax")


def test_without_a_domain_there_are_no_limits(tmp_path: Path) -> None:
    card, model, _ = load_checkpoint(DEFAULT_MODEL)
    save_checkpoint(tmp_path / CHECKPOINT, card, model, {})
    assert TrainedModel(tmp_path).limits == {}


def test_features_of_nobody_cannot_be_made(tmp_path: Path) -> None:
    """A model trained on imported features can be evaluated, not run on videos."""
    imported = {"stage": "features", "version": 2, "config": {"imported": "ave-h5"}}
    model = TrainedModel(copied(tmp_path, features=imported))
    for ask in (lambda: model.segment, lambda: model.features, lambda: model.encoder(())):
        with pytest.raises(
            CheckpointError, match="no extractor of avel makes; it can be evaluated"
        ):
            ask()


def test_an_encoder_of_other_weights_is_refused(tmp_path: Path, shipped: TrainedModel) -> None:
    config = {**shipped.card.features["config"], "weights_sha256": "0" * 64}
    model = TrainedModel(copied(tmp_path, features={**shipped.card.features, "config": config}))
    with pytest.raises(
        CheckpointError, match=r"was trained on other features \(config.weights_sha256"
    ):
        model.encoder(())


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no such checkpoint; `avel train` writes one"):
        TrainedModel(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("text")
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        TrainedModel(tmp_path / "text.safetensors")


def test_matchers_find_no_events() -> None:
    card = Card("cmm", {}, ("a",), 10, {})
    with pytest.raises(InputError, match=r"model 'cmm' answers queries .* and finds no events"):
        refuse_matcher(card)
    refuse_matcher(replace(card, name="dmsf"))


def test_the_shipped_file_holds_no_code() -> None:
    with safe_open(DEFAULT_MODEL, "np") as file:
        assert all(name.startswith(("model.", "extra.")) for name in file.keys())
