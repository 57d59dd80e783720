"""DMSF as it is described trains, is kept and answers: the one preset that tunes and names segments."""

import json
from pathlib import Path

import numpy as np

from avel.models.checkpoint import load_checkpoint
from avel.pipeline.cli import main


def test_it_trains_adapters_and_names_segments(bench: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--device", "cpu"]
    settings = ["train.epochs=2", "train.warmup_epochs=0", "train.learning_rate=0.003"]
    changes = [part for setting in settings for part in ("--set", setting)]
    assert main(["train", *argv, "--config", "dmsf_paper.yaml", *changes, "--out", str(out)]) == 0
    card, model, _ = load_checkpoint(out / "model.safetensors")
    assert card.options["head"] == "linear"
    assert card.decoder["decoder"] == "argmax"
    assert "adapters" in card.features["config"]
    assert (out / "adapters.safetensors").is_file()
    assert model.heads["C"].visual.out_features == len(card.classes) + 1
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["decoder"] == "argmax"
    assert metrics["accuracy"]["own"] == metrics["accuracy"]["argmax"]
    with np.load(out / "decisions.npz") as decisions:
        named, truth = decisions["own"], decisions["truth"]
    assert len(set(named.flatten())) > 1
    assert metrics["accuracy"]["own"] > np.bincount(truth.flatten()).max() / truth.size
