"""Published checkpoints as run folders, and files that are of another variant."""

import json
from pathlib import Path

import pytest
import torch

from avel.cache.fingerprint import file_sha256
from avel.models.card import CheckpointError, describe
from avel.models.checkpoint import load_checkpoint
from avel.models.table import MATCHING, MODELS, build
from avel.pipeline.cli import main
from avel.pipeline.exchange.adopt import load_published, whose
from avel.pipeline.exchange.known import KNOWN


def published(model: torch.nn.Module, path: Path, **dead: tuple[int, ...]) -> Path:
    """A state dict as the authors save it: `module.`, float64, tensors that nothing uses."""
    named = {f"module.{k}": v.double() for k, v in model.state_dict().items()}
    named |= {f"module.{k.replace('__', '.')}": torch.zeros(v) for k, v in dead.items()}
    torch.save(named, path)
    return path


def adopt(bench: tuple[Path, Path], file: Path, config: str, out: Path) -> int:
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--out", str(out)]
    return main(["model", "import", str(file), "--config", config, *argv])


def test_a_published_checkpoint_is_evaluated_by_its_protocol(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = build("dmin", {"num_classes": 4, "supervision": "weak"})
    dead = {"video_encoder__encoder_layer__linear1__weight": (2048, 256)}
    file = published(model, tmp_path / "weak.pth.tar", **dead)
    assert adopt(bench, file, "dmin_weak.yaml", tmp_path / "run") == 0
    sha256 = file_sha256(file)
    said = f"imported from weak.pth.tar, sha256 {sha256}, not verified"
    assert said in capsys.readouterr().out
    card = describe(tmp_path / "run" / "model.safetensors").card
    assert card.knows == said  # nobody has said that the authors trained it
    assert card.training["sha256"] == sha256
    _, loaded, _ = load_checkpoint(tmp_path / "run" / "model.safetensors")
    for name, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value)
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--model", str(tmp_path / "run")]
    assert main(["evaluate", *argv, "--protocol", "dmin", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["protocols"][0]
    assert row["selection"] == "best on val; the run kept no epoch that was best on test"
    assert 0 <= row["accuracy"] <= 1


def test_the_published_keras_file(
    bench: tuple[Path, Path],
    ave_tables: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = ave_tables / "cmm_model_weights.h5"
    assert adopt(bench, file, "cmm", tmp_path / "run") == 0
    knows = describe(tmp_path / "run" / "model.safetensors").card.knows
    assert knows == f"trained by the authors of cmm: {file.name}, sha256 {file_sha256(file)}"
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--model", str(tmp_path / "run")]
    capsys.readouterr()
    assert main(["evaluate", *argv, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["accuracy"]) == {"a2v", "v2a"}


def test_another_variant_is_named_with_its_shapes(tmp_path: Path) -> None:
    full, weak = (build("dmin", {"supervision": s}) for s in ("full", "weak"))
    file = published(full, tmp_path / "full.pth.tar")
    with pytest.raises(
        CheckpointError,
        match=r"'localize_module.event_classifier.weight' has shape \(28, 256\), a dmin \(weak super"
        r"vision\) of this config has \(29, 256\); another supervision, or other features",
    ):
        load_published(file, "dmin", weak)
    file = published(weak, tmp_path / "weak.pth.tar")
    with pytest.raises(
        CheckpointError, match=r"has shape \(29, 256\), a dmin \(full supervision\)"
    ):
        load_published(file, "dmin", full)
    file = published(full, tmp_path / "full.pth.tar")
    other = build("dmin", {"num_classes": 4})
    with pytest.raises(
        CheckpointError,
        match=r"'localize_module.event_classifier.weight' has shape \(28, 256\), a dmin \(full super"
        r"vision\) of this config has \(4, 256\); another supervision, or other features",
    ):
        load_published(file, "dmin", other)
    with pytest.raises(
        CheckpointError, match=r"has no 'lstm_audio.weight_ih_l0' \(512, 128\), so it is no"
    ):
        load_published(file, "av_att", build("av_att", {}))
    more = published(build("av_att", {}), tmp_path / "more.pt", extra__weight=(2,))
    with pytest.raises(CheckpointError, match=r"has 'extra.weight' \(2,\), which a av_att of this"):
        load_published(more, "av_att", build("av_att", {}))


def test_magans_dead_tensors_are_dropped_and_dmins_layer_of_that_name_is_not(
    tmp_path: Path,
) -> None:
    for name in ("magan", "dmin"):
        model = build(name, {})
        dead = {"v_fc__weight": (512, 512)} if name == "magan" else {}
        file = published(model, tmp_path / f"{name}.tar", **dead)
        again = build(name, {})
        load_published(file, name, again)
        for key, value in model.state_dict().items():
            torch.testing.assert_close(again.state_dict()[key], value)


def test_files_that_are_no_state_dict(tmp_path: Path) -> None:
    model = build("av_att", {})
    with pytest.raises(CheckpointError, match="no such file"):
        load_published(tmp_path / "none.pt", "av_att", model)
    torch.save(model, tmp_path / "AV_att.pt")  # a pickled module, as released
    with pytest.raises(CheckpointError, match=r"can run code: open it where you trust it and save"):
        load_published(tmp_path / "AV_att.pt", "av_att", model)
    (tmp_path / "model.safetensors").write_bytes(b"any")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match="holds no state dict of tensors"):
        load_published(tmp_path / "list.pt", "av_att", model)
    with pytest.raises(CheckpointError, match="own needs no import: give its folder to --model"):
        load_published(tmp_path / "model.safetensors", "av_att", model)
    torch.save({"state_dict": model.state_dict(), "epoch": 3}, tmp_path / "whole.pt")
    load_published(tmp_path / "whole.pt", "av_att", model)


def test_whose_a_file_is() -> None:
    for sha256, known in KNOWN.items():
        said = whose(Path("copy.h5"), known.model, sha256)
        assert said == f"trained by the authors of {known.model}: {known.name}, sha256 {sha256}"
        with pytest.raises(
            CheckpointError,
            match=rf"copy\.h5: is {known.name} of {known.model} \(.*\), not of dmin; use --config",
        ):
            whose(Path("copy.h5"), "dmin", sha256)
    nobody = whose(Path("weak.tar"), "dmin", "00ff")
    assert nobody == "imported from weak.tar, sha256 00ff, not verified"


def test_known_files_are_of_models(ave_tables: Path) -> None:
    assert {known.model for known in KNOWN.values()} <= MODELS.keys() | MATCHING.keys()
    assert all(len(sha256) == 64 for sha256 in KNOWN)
    assert KNOWN[file_sha256(ave_tables / "cmm_model_weights.h5")].model == "cmm"


def test_a_file_that_is_not_there(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adopt(bench, tmp_path / "none.pt", "dmin", tmp_path / "run") == 2
    assert "none.pt: no such file; give the file that the authors published" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "run").exists()
