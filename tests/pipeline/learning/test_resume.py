"""A run that was killed goes on as if it had not been, and only with what it began with."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.module import LocalizerTraining
from tests.pipeline.learning.small import losses, run, sets, validated


@pytest.mark.parametrize(
    "settings",
    [("supervision=weak",), ("adapter.placement=output", "train.accumulate=2")],
    ids=["weak, spliced", "adapters, accumulated"],
)
def test_a_killed_run_goes_on_with_the_same_losses(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: tuple[str, ...],
) -> None:
    """Bit for bit, with dropout, shuffling and splicing: killed in the middle of an epoch."""
    words = sets("train.epochs=3", "train.batch_size=16", *settings)
    assert run(bench, tmp_path / "whole", *words) == 0
    step = LocalizerTraining.training_step

    def killed(self: LocalizerTraining, batch: Example, number: int) -> torch.Tensor:
        if self.current_epoch == 1 and number == 1:
            raise SystemExit(137)
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(LocalizerTraining, "training_step", killed)
        with pytest.raises(SystemExit):
            run(bench, tmp_path / "killed", *words)
    assert not (tmp_path / "killed" / "metrics.json").exists()
    assert run(bench, tmp_path / "killed", *words, "--resume") == 0
    whole = losses(tmp_path / "whole" / "metrics.csv")
    resumed = tmp_path / "killed" / "resumed_0" / "metrics.csv"
    assert whole.keys() == {"0", "1", "2"}
    assert losses(tmp_path / "killed" / "metrics.csv", resumed) == whole
    assert validated(resumed) == [1, 2]
    names = ["model.safetensors", *(["adapters.safetensors"] if "adapter" in settings[0] else [])]
    for name in names:
        one, other = (load_file(tmp_path / run / name) for run in ("whole", "killed"))
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_resume_with_something_else(
    bench: tuple[Path, Path],
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is trained for it, and the folder stays as it is."""
    before = (trained / "config.yaml").read_text()
    arguments = ["--set", "train.epochs=9", "--set", "train.seed=1", "--resume"]
    assert run(bench, trained, *arguments) == 2
    message = capsys.readouterr().err
    assert "begun with another config (train.epochs: was 8, now 9; train.seed: was 0" in message
    assert (trained / "config.yaml").read_text() == before
    other = tmp_path / "data"
    other.mkdir()
    for source in bench[0].iterdir():
        (other / source.name).symlink_to(source)
    (other / "Annotations.txt").unlink()
    lines = (bench[0] / "Annotations.txt").read_text().splitlines()
    lines[0] = lines[0].rpartition("&")[0] + "&10"
    (other / "Annotations.txt").write_text("\n".join(lines) + "\n")
    assert run((other, bench[1]), trained, *sets("train.epochs=8"), "--resume") == 2
    assert "run.json: the run was begun with another data (rows: was" in capsys.readouterr().err
