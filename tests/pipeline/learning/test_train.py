"""Training on features that say their label: it must learn them, go on where it stopped, refuse others."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from avel.cache.ave_h5 import write_order
from avel.extractors.adapters.adapters import Adapters, OutputFront
from avel.extractors.adapters.config import AdapterConfig
from avel.models.card import CheckpointError, check_features
from avel.models.checkpoint import load_checkpoint
from avel.models.losses import IGNORED
from avel.models.output import LocalizationOutput
from avel.models.senses import OUTPUTS
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.datasets.features import Example
from avel.pipeline.evaluation.evaluate import evaluate
from avel.pipeline.learning.batches import EpochSampler
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.learning.splice import with_spliced
from avel.pipeline.work.runtime import RuntimeConfig

OPTIONS = [
    "options.d_model=16",
    "options.heads=2",
    "options.agva_hidden=8",
    "options.feature_dropout=0.0",
    "train.learning_rate=0.004",
    "train.batch_size=8",
]


def run(bench: tuple[Path, Path], out: Path, *extra: str, config: str = "dmsf.yaml") -> int:
    root, cache = bench
    argv = [
        "train",
        "--data",
        str(root),
        "--cache-dir",
        str(cache),
        "--config",
        config,
        "--out",
        str(out),
        "--device",
        "cpu",
    ]
    for option in OPTIONS:
        argv += ["--set", option]
    return main([*argv, *extra])


@pytest.fixture(scope="module")
def trained(bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert run(bench, out, "--set", "train.epochs=8") == 0
    return out


def test_learns_what_the_features_say(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["accuracy"]["own"] > 0.9
    assert metrics["coverage"] == {"rows": 12, "evaluated": 12, "missing": {}}
    assert metrics["protocol"] == "val-selected"
    rows = list(csv.DictReader((trained / "metrics.csv").open()))
    best = max(float(row["test_accuracy"]) for row in rows if row["test_accuracy"])
    assert metrics["test_selected_accuracy"] == pytest.approx(best)
    assert metrics["test_selected_accuracy"] >= metrics["accuracy"]["own"] - 1e-6
    assert metrics["baselines"]["all background"] < 0.8


def test_run_folder(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert {"config.yaml", "metrics.json", "metrics.csv", "model.safetensors"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    header = (trained / "metrics.csv").read_text().splitlines()[0]
    assert {"train_loss", "val_accuracy", "test_accuracy"} <= set(header.split(","))


def test_evaluate_gives_the_numbers_of_the_run(
    bench: tuple[Path, Path], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, cache = bench
    assert (
        main(
            [
                "evaluate",
                "--data",
                str(root),
                "--cache-dir",
                str(cache),
                "--model",
                str(trained),
                "--json",
            ]
        )
        == 0
    )
    metrics, stored = (
        json.loads(capsys.readouterr().out),
        json.loads((trained / "metrics.json").read_text()),
    )
    for name in ("accuracy", "event_f1", "map", "per_class", "coverage"):
        assert metrics[name] == stored[name]
    assert (
        main(["evaluate", "--data", str(root), "--cache-dir", str(cache), "--model", str(trained)])
        == 0
    )
    assert "12 of 12 rows" in capsys.readouterr().out


def test_missing_rows_are_named(
    bench: tuple[Path, Path], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, cache = bench
    data = open_ave(root)
    gone = data.rows[data.splits["test"][0]].video_id
    video = root / "AVE" / f"{gone}.mp4"
    hidden = video.rename(tmp_path / "hidden")
    try:
        main(
            [
                "evaluate",
                "--data",
                str(root),
                "--cache-dir",
                str(cache),
                "--model",
                str(trained),
                "--json",
            ]
        )
    finally:
        hidden.rename(video)
    assert json.loads(capsys.readouterr().out)["coverage"] == {
        "rows": 12,
        "evaluated": 11,
        "missing": {gone: "no video file"},
    }


def test_weak_labels_are_enough(bench: tuple[Path, Path], tmp_path: Path) -> None:
    assert (
        run(
            bench,
            tmp_path,
            "--set",
            "train.epochs=10",
            "--set",
            "train.patience=10",
            config="dmsf_weak.yaml",
        )
        == 0
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["accuracy"]["own"] > 0.85


def test_equal_seeds_train_equal_models(bench: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(bench, tmp_path / name, "--set", "train.epochs=2", "--seed", "5")
    run(bench, tmp_path / "c", "--set", "train.epochs=2", "--seed", "6")
    a, b, c = ((tmp_path / n / "model.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def epochs(metrics: Path) -> set[int]:
    return {int(row["epoch"]) for row in csv.DictReader(metrics.open())}


def losses(*logs: Path) -> dict[str, str]:
    """Training loss of every epoch, as written; a later log's epochs win."""
    rows = (row for log in logs for row in csv.DictReader(log.open()))
    return {row["epoch"]: row["train_loss"] for row in rows if row["train_loss"]}


@pytest.mark.parametrize(
    "extra",
    [(), ("adapter.placement=output", "supervision=full"), ("train.accumulate=2",)],
)
def test_a_killed_run_goes_on_with_the_same_losses(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    extra: tuple[str, ...],
) -> None:
    """Bit for bit, with dropout, shuffling and splicing: killed in the middle of an epoch."""
    settings = [
        word for e in ("train.epochs=4", "supervision=weak", *extra) for word in ("--set", e)
    ]
    run(bench, tmp_path / "whole", *settings)
    step = LocalizerTraining.training_step

    def killed(self: LocalizerTraining, batch: Example, number: int) -> torch.Tensor:
        if self.current_epoch == 2 and number == 3:
            raise SystemExit(137)
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(LocalizerTraining, "training_step", killed)
        with pytest.raises(SystemExit):
            run(bench, tmp_path / "killed", *settings)
    run(bench, tmp_path / "killed", *settings, "--resume")
    whole = losses(tmp_path / "whole" / "metrics.csv")
    resumed = tmp_path / "killed" / "resumed_0" / "metrics.csv"
    assert whole.keys() == {"0", "1", "2", "3"}
    assert losses(tmp_path / "killed" / "metrics.csv", resumed) == whole
    assert epochs(resumed) == {2, 3}
    names = ["model.safetensors"] + (["adapters.safetensors"] if "adapter" in str(extra) else [])
    for name in names:
        one, other = (load_file(tmp_path / run / name) for run in ("whole", "killed"))
        assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("weight", [0, 1])
def test_sense_heads_teach_adapters_of_the_sense_that_the_model_leaves_out(
    bench: tuple[Path, Path], tmp_path: Path, weight: int
) -> None:
    settings = ["adapter.placement=output", "options.modalities=audio", "train.epochs=1"]
    settings += [f"train.sense_weight={weight}.0"]
    assert run(bench, tmp_path, *(word for s in settings for word in ("--set", s))) == 0
    learned = load_file(tmp_path / "adapters.safetensors")
    assert learned["at.audio.up.weight"].any()
    assert learned["at.visual_map.up.weight"].any() == bool(weight)
    assert not any("senses" in name for name in load_file(tmp_path / "model.safetensors"))


def test_sense_heads_ask_about_event_segments_of_videos_with_one_class() -> None:
    """Not about background, padding, or a video that was mixed of two."""
    front = OutputFront(Adapters(AdapterConfig("output"), dict.fromkeys(OUTPUTS, 4)), None)
    training = LocalizerTraining(
        torch.nn.Identity(), front, lambda *_: torch.zeros(()), 3, TrainConfig()
    )
    asked = []
    training._senses.forward = lambda *inputs: asked.append(inputs[-1]) or torch.zeros(())
    training._localize = lambda *_: None
    segments = torch.tensor([[0, 3, 1], [2, 2, 3]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    sound, tokens = torch.randn(2, 3, 4), torch.randn(2, 3, 5, 4)
    rows = torch.arange(2)
    one = Example(sound, tokens, sound, mask, mask, segments, rows, rows, torch.full((2,), IGNORED))
    training.loss_of(one, ~mask, 1.0)
    training.loss_of(one._replace(other=torch.tensor([IGNORED, 1])), ~mask, 1.0)
    assert asked[0].tolist() == [[True, False, False], [True, True, False]]
    assert asked[1].tolist() == [[True, False, False], [False, False, False]]


def test_resume_with_another_config(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(bench, tmp_path, "--set", "train.epochs=1")
    arguments = ["--set", "train.epochs=3", "--set", "train.seed=1", "--resume"]
    assert run(bench, tmp_path, *arguments) == 2
    message = capsys.readouterr().err
    assert "begun with another config (train.epochs: was 1, now 3; train.seed: was 0" in message


def test_a_loss_that_is_not_finite(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    localize = LocalizerTraining._localize

    def broken(self: LocalizerTraining, *inputs: torch.Tensor) -> LocalizationOutput:
        output = localize(self, *inputs)
        if self.training and self.current_epoch == 1:
            branches = {
                name: b._replace(relevance=b.relevance * torch.nan)
                for name, b in output.branches.items()
            }
            return output._replace(branches=branches)
        return output

    monkeypatch.setattr(LocalizerTraining, "_localize", broken)
    assert run(bench, tmp_path, "--set", "train.epochs=3") == 2
    message = capsys.readouterr().err
    assert "the loss is nan in epoch 1, batch 0 (rows [" in message
    assert (tmp_path / "checkpoints" / "best.ckpt").is_file()


def test_balanced_sampling_draws_every_class_alike() -> None:
    class Rows:
        videos = np.repeat([0, 1, 2], [100, 10, 1])

        def __len__(self) -> int:
            return 111

    sampler = EpochSampler(Rows(), TrainConfig(balanced=True))  # type: ignore[arg-type]
    drawn = []
    for epoch in range(30):
        sampler.set_epoch(epoch)
        drawn += [int(Rows.videos[index]) for index in sampler]
    share = np.bincount(drawn) / len(drawn)
    np.testing.assert_allclose(share, 1 / 3, atol=0.03)


def test_epochs_have_their_own_order() -> None:
    class Rows:
        def __len__(self) -> int:
            return 50

    sampler = EpochSampler(Rows(), TrainConfig())  # type: ignore[arg-type]
    first = list(sampler)
    sampler.set_epoch(1)
    assert sorted(first) == sorted(sampler) == list(range(50))
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first


def test_averaged_weights_are_others(bench: tuple[Path, Path], tmp_path: Path) -> None:
    run(bench, tmp_path / "plain", "--set", "train.epochs=2")
    run(bench, tmp_path / "mean", "--set", "train.epochs=2", "--set", "train.average_decay=0.9")
    plain, mean = (load_file(tmp_path / n / "model.safetensors") for n in ("plain", "mean"))
    key = "model.heads.C.relevance.weight"
    assert not torch.equal(plain[key], mean[key])


def test_a_checkpoint_refuses_other_features(trained: Path) -> None:
    card, _, _ = load_checkpoint(trained / "model.safetensors")
    check_features(trained, card, card.features)
    other = json.loads(json.dumps(card.features))
    other["upstream"]["config"]["frames_per_cell"] = 4
    with pytest.raises(
        CheckpointError, match=r"upstream\.config\.frames_per_cell: checkpoint 1, features 4"
    ):
        check_features(trained, card, other)


def test_damaged_checkpoint(trained: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((trained / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_checkpoint(cut)


def test_splicing_puts_known_background_into_other_videos() -> None:
    K, B, T = 4, 6, 10
    labels = torch.tensor([0, K, 1, K, 2, 3])
    owner = torch.arange(B)[:, None].expand(B, T)
    batch = Example(
        owner[..., None].float(),
        owner[..., None, None].half(),
        owner[..., None].float(),
        torch.ones(B, T, dtype=torch.bool),
        torch.ones(B, T, dtype=torch.bool),
        owner.clone(),
        labels,
        torch.arange(B),
        torch.full((B,), IGNORED),
    )
    mixed, known = with_spliced(batch, K, torch.Generator().manual_seed(0))
    assert len(mixed.video) == B + 4
    assert mixed.video[B:].tolist() == [IGNORED] * 4
    assert known[:B].all(1).tolist() == [False, True, False, True, False, False]
    for copy, original in zip(range(B, B + 4), (0, 2, 4, 5), strict=True):
        foreign = mixed.segments[copy] != original
        assert torch.equal(foreign, known[copy])
        assert 1 <= foreign.sum() <= 6
        assert set(mixed.segments[copy][foreign].tolist()) <= {1, 3}
        assert torch.equal(mixed.audio[copy, :, 0].long(), mixed.segments[copy])
        assert torch.equal(mixed.visual_map[copy, :, 0, 0].long(), mixed.segments[copy])


def test_splicing_needs_a_background_video() -> None:
    batch = Example(
        *(torch.zeros(2, 3, 1) for _ in range(3)),
        torch.ones(2, 3, dtype=torch.bool),
        torch.ones(2, 3, dtype=torch.bool),
        torch.zeros(2, 3),
        torch.tensor([0, 1]),
        torch.arange(2),
        torch.full((2,), IGNORED),
    )
    mixed, known = with_spliced(batch, 4, torch.Generator())
    assert len(mixed.video) == 2
    assert not known.any()


def test_runtime_settings_are_checked() -> None:
    with pytest.raises(ValueError, match=r"workers \(0\) must be greater than 0"):
        RuntimeConfig(workers=0)


def test_two_processes_are_one_run(bench: tuple[Path, Path], tmp_path: Path) -> None:
    """Without dropout: the same losses but for rounding, and numbers that one process repeats."""
    root, cache = bench
    settings = ["train.epochs=3", "options.dropout=0.0", "train.mutual_weight=0.0"]
    words = [word for option in settings for word in ("--set", option)]
    run(bench, tmp_path / "one", *words)
    arguments = [*words, "--devices", "2", "--out", str(tmp_path / "two"), "--device", "cpu"]
    for option in OPTIONS:
        arguments += ["--set", option]
    command = ["train", "--data", str(root), "--cache-dir", str(cache), *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "avel.pipeline", *command],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("test accuracy") == 1
    one, two = (losses(tmp_path / name / "metrics.csv") for name in ("one", "two"))
    for epoch, loss in one.items():
        assert float(two[epoch]) == pytest.approx(float(loss), rel=0.02)
    said = json.loads((tmp_path / "two" / "metrics.json").read_text())
    again = evaluate(
        open_ave(root), "test", tmp_path / "two" / "model.safetensors", RuntimeConfig(cache)
    )
    assert again["accuracy"] == said["accuracy"]


def test_a_batch_that_the_processes_cannot_share(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bench, tmp_path, "--devices", "3") == 2
    assert "train.batch_size (8) must be a multiple of --devices (3)" in capsys.readouterr().err


def test_out_of_memory_says_what_would_fit(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    features = LocalizerTraining._features

    def small(self: LocalizerTraining, batch: Example) -> tuple[torch.Tensor, ...]:
        if len(batch.row) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(self, batch)

    monkeypatch.setattr(LocalizerTraining, "_features", small)
    assert run(bench, tmp_path) == 4
    message = capsys.readouterr().err
    assert "out of memory with 8 videos at once: use train.batch_size=2, with" in message


def test_recomputing_changes_nothing(bench: tuple[Path, Path], tmp_path: Path) -> None:
    placed = ["--set", "train.epochs=1", "--set", "adapter.placement=output"]
    run(bench, tmp_path / "kept", *placed)
    run(bench, tmp_path / "again", *placed, "--set", "train.recompute=true")
    assert losses(tmp_path / "kept" / "metrics.csv") == losses(tmp_path / "again" / "metrics.csv")


def test_batches_read_ahead_are_the_same(bench: tuple[Path, Path], tmp_path: Path) -> None:
    run(bench, tmp_path / "here", "--set", "train.epochs=1")
    run(bench, tmp_path / "ahead", "--set", "train.epochs=1", "--loaders", "1")
    assert losses(tmp_path / "here" / "metrics.csv") == losses(tmp_path / "ahead" / "metrics.csv")


def test_precision_that_the_device_lacks(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bench, tmp_path, "--set", "train.precision=float16") == 2
    assert "the cpu has no float16 kernels; use precision float32" in capsys.readouterr().err


def test_an_empty_split(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    root, cache = bench
    shutil.copytree(root, tmp_path / "data")
    write_order(tmp_path / "data" / "val_order.h5", [])
    (tmp_path / "data" / "valSet.txt").unlink(missing_ok=True)
    assert run((tmp_path / "data", cache), tmp_path / "run") == 2
    assert "no video of split 'val' (0 rows) has features" in capsys.readouterr().err
