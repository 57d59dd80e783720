"""`avel config`: presets are listed, every key is shown, and what it prints is read back."""

from pathlib import Path

import pytest

from avel.configs.load import load, presets, read_text
from avel.pipeline.cli import main
from avel.pipeline.learning.experiment import Experiment, load_experiment
from avel.pipeline.studies.table import Ablation


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["config", *words]) == 0
    return capsys.readouterr().out


def test_presets_are_listed_by_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    trainings, _, tables = printed(capsys).partition("tables of trainings:")
    for name in presets(Experiment):
        assert f"\n  {name} " in trainings
    for name in presets(Ablation):
        assert f"\n  {name} " in tables
    assert "DMIN (reference 2.6)." in trainings


@pytest.mark.parametrize("name", ["dmsf", "av_att.yaml"])
def test_what_is_printed_is_read_back(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(printed(capsys, name, "--set", "train.epochs=3"))
    again = load_experiment(path)
    assert again == load_experiment(Path(name), ["train.epochs=3"])
    assert again.train.epochs == 3


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    values = read_text(printed(capsys, "leaderboard", "--set", "seeds=[7]"))
    assert values["seeds"] == [7]
    assert values["rows"] == load(Path("leaderboard"), Ablation).rows
    described = printed(capsys, "leaderboard", "--describe")
    assert "\nseeds: [0, 1, 2]\n" in described
    assert "Settings of all rows, by dotted name." in described


def test_every_key_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "dmin", "--describe", "--set", "train.seed=9")
    lines = text.splitlines()
    keys = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert keys[:3] == ["model", "options", "options.num_classes"]
    assert {"train.epochs", "adapter.placement", "augment.snr_db", "decoder.threshold"} <= set(keys)
    assert "train.seed: 9  [0]" in lines  # its value, and the default where that is another
    assert "train.batch_size: 32" in lines
    after = lines[lines.index("train.batch_size: 32") + 1]
    assert after == "    int. Videos in a batch, of all processes together."
    assert "model: dmin  [dmsf]" in lines
    assert max(len(line) for line in lines) <= 100


def test_options_of_the_configs_model(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "dmsf", "--describe")
    assert "\noptions.agreement: true  [False]\n" in text
    assert "Whether the streams see where the encoder's sight and sound agree" in text
    assert "options.mixing" not in text
    assert "\noptions.mixing: legacy  ['legacy']\n" in printed(capsys, "magan", "--describe") or (
        "\noptions.mixing: legacy" in printed(capsys, "magan", "--describe")
    )


def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "dmfs"]) == 2
    assert "no such config file; did you mean 'dmsf'?" in capsys.readouterr().err
    assert main(["config", "dmsf", "--set", "train.epoch=3"]) == 2
    assert "did you mean 'train.epochs'?" in capsys.readouterr().err


def test_settings_of_the_cut_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the segments stage too, with what is set here; the extractor may say another default."""
    lines = printed(capsys, "dmsf", "--describe", "--set", "segment.sound_seconds=[2,4]").split(
        "\n"
    )
    assert "segment.sound_seconds: [2, 4]  [[]]" in lines
    assert "segment.views: 0" in lines
    assert "segment.fit: crop" in lines
    said = " ".join(line.strip() for line in lines)
    assert "Lengths of the windows of sound that are heard for each cell" in said
