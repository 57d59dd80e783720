"""Training on features that say their label: it must learn them, and write down what it did."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from avel.cache.ave_h5 import write_order
from avel.models.card import CheckpointError, check_features, describe
from avel.models.checkpoint import load_checkpoint
from avel.models.output import LocalizationOutput
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.prepare import prepare
from avel.pipeline.learning.run import train_any
from avel.pipeline.learning.train import train
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.learning.small import QUICK, losses, run, sets


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
    loss = [float(value) for value in losses(trained / "metrics.csv").values()]
    assert loss[-1] < 0.5 * loss[0]


def test_selection_is_evaluation(trained: Path) -> None:
    """The epoch that selection on test would keep has the accuracy that evaluation gives it."""
    metrics = json.loads((trained / "metrics.json").read_text())
    with np.load(trained / "decisions.npz") as found:
        assert metrics["accuracy"]["own"] == (found["own"] == found["truth"]).mean()
    rows = csv.DictReader((trained / "metrics.csv").open())
    by_epoch = {
        r["epoch"]: (r["val_accuracy"], r["test_accuracy"]) for r in rows if r["val_accuracy"]
    }
    best = max(by_epoch.values(), key=lambda pair: float(pair[0]))
    assert float(best[1]) == pytest.approx(metrics["accuracy"]["own"], abs=1e-6)


def test_weak_labels_are_enough(weak: Path) -> None:
    metrics = json.loads((weak / "metrics.json").read_text())
    assert metrics["accuracy"]["own"] > 0.85
    assert describe(weak / "model.safetensors").card.training["videos"] == 48 + 16


def test_run_folder(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert names >= {
        "config.yaml", "run.json", "metrics.json", "metrics.csv", "model.safetensors", "card.md",
        "decisions.npz", "test_selected.safetensors", "checkpoints",
    }  # fmt: skip
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert not any(name.startswith(".") for name in names)
    header = (trained / "metrics.csv").read_text().splitlines()[0]
    assert {"train_loss", "val_accuracy", "test_accuracy"} <= set(header.split(","))
    record = json.loads((trained / "run.json").read_text())
    card = describe(trained / "model.safetensors").card
    assert record["data"]["classes"] == list(card.classes)
    assert record["features"]["read"] == dict(card.features)
    assert (
        record["features"]["encoder"]["weights_sha256"] == card.features["config"]["weights_sha256"]
    )


def test_the_domain_is_the_trainings(bench: tuple[Path, Path], trained: Path) -> None:
    """Training features are about 1 away, and nearly all held-out ones within the threshold."""
    _, _, extra = load_checkpoint(trained / "model.safetensors")
    assert {"visual.mean", "visual.whitening", "visual.threshold", "audio.mean"} <= extra.keys()
    assert 0.9 < float(extra["audio.threshold"]) < 2.5


def test_equal_seeds_train_equal_models(bench: tuple[Path, Path], tmp_path: Path) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert run(bench, tmp_path / name, *sets(*QUICK), "--seed", seed) == 0
    a, b, c = ((tmp_path / n / "model.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def test_weights_are_hashed_once(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the encoder is chosen once, whatever stands before the model."""
    from avel.extractors import choice
    from avel.extractors.weights import files

    counts = {"hashed": 0, "chosen": 0}
    sha256_of, choose = files.sha256_of, choice.choose

    def hashed(path: Path) -> str:
        counts["hashed"] += 1
        return sha256_of(path)

    def chosen(*arguments: object) -> object:
        counts["chosen"] += 1
        return choose(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "sha256_of", hashed)
    monkeypatch.setattr(choice, "choose", chosen)
    assert run(bench, tmp_path, *sets("adapter.placement=output", *QUICK)) == 0
    assert counts == {"hashed": 1, "chosen": 1}
    learned = load_file(tmp_path / "adapters.safetensors")
    assert learned["at.audio.up.weight"].any()
    assert learned["at.visual_map.up.weight"].any()
    assert not any("senses" in name for name in load_file(tmp_path / "model.safetensors"))
    assert "adapters: output" in (tmp_path / "card.md").read_text()


def test_without_sense_heads_an_adapter_that_the_model_ignores_stays(
    bench: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = ["adapter.placement=output", "options.modalities=audio", *QUICK]
    for weight in (0, 1):
        out = tmp_path / str(weight)
        assert run(bench, out, *sets(*settings, f"train.sense_weight={weight}")) == 0
        learned = load_file(out / "adapters.safetensors")
        assert learned["at.audio.up.weight"].any()
        assert learned["at.visual_map.up.weight"].any() == bool(weight)


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
    assert run(bench, tmp_path, *sets("train.epochs=3")) == 2
    message = capsys.readouterr().err
    assert "the loss is nan in epoch 1, batch 0 (rows [" in message
    assert (tmp_path / "checkpoints" / "best.ckpt").is_file()


def test_averaged_weights_are_others(bench: tuple[Path, Path], tmp_path: Path) -> None:
    for name, decay in (("plain", 0.0), ("mean", 0.9)):
        settings = sets(*QUICK, f"train.average_decay={decay}")
        assert run(bench, tmp_path / name, *settings) == 0
    plain, mean = (load_file(tmp_path / n / "model.safetensors") for n in ("plain", "mean"))
    key = "model.heads.C.relevance.weight"
    assert not torch.equal(plain[key], mean[key])


def test_half_the_bits(bench: tuple[Path, Path], trained: Path, tmp_path: Path) -> None:
    assert run(bench, tmp_path, *sets(*QUICK), "--half") == 0
    tensors = load_file(tmp_path / "model.safetensors")
    assert {t.dtype for t in tensors.values() if t.is_floating_point()} == {torch.float16}
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size < 0.6 * (trained / "model.safetensors").stat().st_size


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


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (sets("options.d_model=15"), "options of dmsf: d_model (15) must be a multiple of heads"),
        (sets("train.precision=float16"), "the cpu has no float16 kernels; use precision float32"),
        (sets("extractor=audioclop"), "no extractor 'audioclop'"),
        (sets("extractor_options.colour=true"), "has no option 'colour'"),
        (["--devices", "3"], "train.batch_size (8) must be a multiple of --devices (3)"),
        (
            sets("extractor=vgg19+vggish", "adapter.placement=trunk"),
            "vgg19",
        ),
    ],
)  # fmt: skip
def test_what_a_user_did_is_said_as_such(
    bench: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    extra: list[str],
    message: str,
) -> None:
    code = run(bench, tmp_path, *extra)
    said = capsys.readouterr().err
    assert message in said
    assert code == (4 if "vgg19" in message else 2)
    assert "unexpected" not in said


def test_what_went_wrong_inside_is_no_usage(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("shapes (3,) and (4,) do not fit")

    monkeypatch.setattr("avel.pipeline.learning.train.domain_of", broken)
    with pytest.raises(ValueError, match="do not fit") as caught:
        train_any(open_ave(bench[0]), small(), RuntimeConfig(bench[1], device="cpu"), tmp_path)
    assert type(caught.value) is ValueError  # no ConfigError, no InputError


def small() -> Experiment:
    from avel.pipeline.learning.settings import TrainConfig

    return Experiment(
        options={"d_model": 16, "heads": 2, "agva_hidden": 8},
        train=TrainConfig(epochs=1, batch_size=24),
    )


def test_an_empty_split(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, cache = bench
    shutil.copytree(root, tmp_path / "data")
    write_order(tmp_path / "data" / "val_order.h5", [])
    (tmp_path / "data" / "valSet.txt").unlink(missing_ok=True)
    assert run((tmp_path / "data", cache), tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert "val_order.h5: names no row, so split 'val' is empty" in said


def test_matchers_are_sent_away(bench: tuple[Path, Path], tmp_path: Path) -> None:
    experiment, runtime = Experiment(model="cmm"), RuntimeConfig()
    with pytest.raises(InputError, match="model 'cmm' answers queries; `train_matcher` trains it"):
        train(open_ave(bench[0]), experiment, prepare(experiment, runtime), runtime, tmp_path)


def test_beginning_with_another_run_is_said(
    bench: tuple[Path, Path], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bench, tmp_path / "a", *sets(*QUICK, f"start={trained}")) == 0
    said = capsys.readouterr().err
    assert f"tensors of {trained}" in said
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert metrics["start"] in said
    assert f"| start | {metrics['start']} |" in (tmp_path / "a" / "card.md").read_text()
    settings = sets(*QUICK, f"start={trained}", "options.d_model=32")
    assert run(bench, tmp_path / "b", *settings) == 2
    assert "fits this model poorly" in capsys.readouterr().err


def test_device_of_several_processes(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["train", "--data", str(bench[0]), "--cache-dir", str(bench[1]), "--out", str(tmp_path)]
    assert main([*argv, "--device", "cuda:7"]) == 4
    assert "device 'cuda:7' cannot be used" in capsys.readouterr().err


@pytest.mark.needs_cuda
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize(
    ("config", "settings"),
    [
        ("dmsf", []),
        ("dmsf", ["adapter.placement=output"]),
        ("dmsf", ["train.precision=bfloat16"]),
        ("dmsf_weak", []),  # its splicing draws on the CPU
    ],
)
def test_training_on_the_gpu_begins_as_on_the_cpu(
    bench: tuple[Path, Path], tmp_path: Path, config: str, settings: list[str]
) -> None:
    """The loss of the first epoch, with the CPU's float32: only dropout draws other numbers."""
    first = []
    for device in ("cpu", "cuda"):
        out = tmp_path / device
        given = [s for s in settings if device == "cuda" or "precision" not in s]
        words = [*QUICK, "options.dropout=0.0", "adapter.dropout=0.0", *given]
        assert run(bench, out, "--device", device, *sets(*words), config=config) == 0
        first.append(float(losses(out / "metrics.csv")["0"]))
        _, model, _ = load_checkpoint(out / "model.safetensors")
        assert all(value.isfinite().all() for value in model.state_dict().values())
    assert first[1] == pytest.approx(first[0], rel=0.05)
