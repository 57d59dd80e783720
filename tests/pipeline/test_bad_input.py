"""Bad input: one line that says what, the value, the rule and the remedy, and the exit code."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    code = main([str(a) for a in argv])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    return code, captured.err


def test_url(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "localize", "https://example.org/v.mp4")
    assert code == 2
    assert "only local files are read; download it first" in text


def test_folder_without_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "localize", tmp_path)
    assert code == 2
    assert "no media file in this folder" in text


def test_empty_and_strange_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "c.txt").write_text("http://127.0.0.1/x.mp4\n")
    for name, message in (
        ("a", "names no file"),
        ("b", "not UTF-8"),
        ("c", "only local files are read"),
    ):
        code, text = refused(capsys, "localize", tmp_path / f"{name}.txt")
        assert code == 2
        assert message in text


def test_missing_checkpoint(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(
        capsys, "localize", synth / "AVE", "--model", tmp_path / "none.safetensors"
    )
    assert code == 2
    assert "no such checkpoint; `avel train` writes one" in text


def test_a_weight_file_is_no_checkpoint(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = Path(__file__).parents[2] / "extractors" / "weights" / "audioclip-tiny.safetensors"
    code, text = refused(capsys, "localize", synth / "AVE", "--model", weights)
    assert code == 2
    assert "is not a checkpoint of a localization model" in text


def test_checkpoint_for_other_features(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    weights = Path(__file__).parents[2] / "extractors" / "weights" / "audioclip-tiny.safetensors"
    tensors = load_file(weights)
    tensors["logit_scale"] += 1
    save_file(tensors, tmp_path / "other.safetensors")
    code, text = refused(
        capsys, "localize", synth / "AVE", "--weights", tmp_path / "other.safetensors"
    )
    assert code == 2
    assert "was trained on other features (config.weights_sha256: checkpoint" in text


def test_wrong_weights(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"not weights")
    code, text = refused(
        capsys,
        "extract",
        synth / "AVE",
        "--weights",
        tmp_path / "w.safetensors",
        "--cache-dir",
        tmp_path,
    )
    assert code == 4
    assert "cannot be read as weights" in text


def test_missing_device(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(
        capsys, "localize", synth / "AVE", "--device", "cuda:99", "--cache-dir", tmp_path
    )
    assert code == 4
    assert "device 'cuda:99' cannot be used" in text


def test_unwritable_cache(synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code, text = refused(capsys, "localize", synth / "AVE", "--cache-dir", tmp_path / "file")
    assert code == 4
    assert "cannot be written" in text


def test_unknown_config_key(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", "train.learning_rat=1")
    assert code == 2
    assert (
        "unknown key 'train.learning_rat'; did you mean 'train.learning_rate'?; known: accumulate"
        in text
    )


def test_wrong_config_value(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", "train.epochs=many")
    assert code == 2
    assert "epochs" in text


@pytest.mark.parametrize("name", ["sense_weight", "mutual_weight"])
def test_weights_below_zero(synth: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", f"train.{name}=-1")
    assert code == 2
    assert f"train.{name} (-1.0) must not be negative" in text


def test_missing_config(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--config", "nothing.yaml")
    assert code == 2
    assert "nothing.yaml: no such config file; presets: av_att, av_att_weak, cmm" in text


def test_training_without_features(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(
        capsys, "train", "--data", synth, "--cache-dir", tmp_path, "--out", tmp_path / "r"
    )
    assert code == 2
    assert "has features" in text
    assert "run `avel extract" in text


def test_dataset_without_annotations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "evaluate", "--data", tmp_path)
    assert code == 2
    assert "has no Annotations.txt" in text


def test_dataset_of_other_classes(ave_tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "evaluate", "--data", ave_tables)
    assert code == 2
    assert "does not know the dataset's classes (first: 'Church bell')" in text


def test_thresholds_and_sizes(capsys: pytest.CaptureFixture[str], synth: Path) -> None:
    code, text = refused(capsys, "localize", synth / "AVE", "--threshold", "2")
    assert code == 2
    assert "threshold (2.0) must be between 0 and 1" in text


def test_too_few_synthetic_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "synth", tmp_path, "--videos", "10")
    assert code == 2
    assert "num_videos (10) must be at least 84" in text


def test_usage_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["localise"])
    assert caught.value.code == 2


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    from avel.pipeline.reasons import InputError

    with pytest.raises(InputError):
        main(["localize", str(tmp_path), "--debug"])
