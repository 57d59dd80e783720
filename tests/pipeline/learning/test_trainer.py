"""Which epochs are validated and kept, where it runs, and that checkpoints are whole."""

from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.learning.trainer import (
    BEST,
    BEST_ON_TEST,
    WholeCheckpoints,
    fit,
    kept,
    placement,
)
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.learning.small import validated

CPU = RuntimeConfig(device="cpu")


class Counts(lightning.LightningModule):
    """One weight that grows by one an epoch; what it is worth on each split is given."""

    def __init__(self, val: list[float], test: list[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self._worth = {"val": val, "test": test}
        self.automatic_optimization = True

    def training_step(self, batch: Any, _: int) -> Tensor:
        return -self.weight

    def validation_step(self, batch: Any, _: int, dataloader_idx: int = 0) -> None:
        """Its worth is known."""

    def on_validation_epoch_end(self) -> None:
        for name, worth in self._worth.items():
            self.log(f"{name}_accuracy", worth[self.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 1.0)


def counted(
    folder: Path, worth: list[float], test: list[float] | None = None, **settings: Any
) -> tuple[Counts, dict[str, Any]]:
    module = Counts(worth, test or worth)
    settings = {"epochs": len(worth), "patience": 0, "clip_norm": 0.0, **settings}
    data = DataLoader(TensorDataset(torch.zeros(1)))
    config = TrainConfig(**settings)
    return module, fit(module, data, [data, data], config, CPU, RunFolder(folder), resume=False)


def test_the_module_is_back_on_its_device_after_a_fit(tmp_path: Path) -> None:
    """Lightning moves it to the CPU at its end, where its encoder's precision may not exist."""
    moves: list[str] = []

    class Moved(Counts):
        def to(self, *args: Any, **kwargs: Any) -> Any:
            moves.append(str(args[0]))
            return super().to(*args, **kwargs)

        def cpu(self) -> Any:
            moves.append("Lightning's end")
            return super().cpu()

    data = DataLoader(TensorDataset(torch.zeros(1)))
    config = TrainConfig(epochs=1, patience=0, clip_norm=0.0)
    fit(Moved([1.0], [1.0]), data, [data, data], config, CPU, RunFolder(tmp_path), resume=False)
    assert moves[-2:] == ["Lightning's end", "cpu"]


RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


@pytest.mark.parametrize(
    ("every", "first", "expected"),
    [(1, False, [0, 1, 2, 3, 4, 5, 6]), (3, False, [2, 5, 6]), (3, True, [0, 3, 6]),
     (50, False, [6])],
)  # fmt: skip
def test_which_epochs_are_validated(
    tmp_path: Path, every: int, first: bool, expected: list[int]
) -> None:
    _, fitted = counted(tmp_path, RISING, validate_every=every, validate_first=first)
    assert validated(tmp_path / "metrics.csv") == expected
    assert fitted["val_accuracy"] == pytest.approx(0.7)
    assert fitted["epochs"] == 7
    assert kept(RunFolder(tmp_path), BEST)["weight"] == 7


def test_the_best_epochs_are_kept(tmp_path: Path) -> None:
    val, test = [0.1, 0.5, 0.3, 0.2], [0.1, 0.2, 0.6, 0.3]
    _, fitted = counted(tmp_path, val, test)
    folder = RunFolder(tmp_path)
    assert kept(folder, BEST)["weight"] == 2
    assert kept(folder, BEST_ON_TEST)["weight"] == 3
    assert fitted["val_accuracy"] == pytest.approx(0.5)
    assert fitted["test_selected_accuracy"] == pytest.approx(0.6)
    assert kept(folder, "last")["weight"] == 4
    assert kept(folder, BEST, "wei") == {"ght": torch.tensor(2.0)}


@pytest.mark.parametrize("every", [1, 2])
def test_patience_counts_validations(tmp_path: Path, every: int) -> None:
    worth = [0.5] * every + [0.4] * 10
    _, fitted = counted(tmp_path, worth, patience=2, validate_every=every)
    assert len(validated(tmp_path / "metrics.csv")) == 3
    assert fitted["epochs"] == 3 * every


def test_the_last_epoch_is_kept_whether_or_not_it_was_validated(tmp_path: Path) -> None:
    stopped: list[int] = []

    class Stops(Counts):
        def on_train_epoch_start(self) -> None:
            if self.current_epoch == 4 and not stopped:
                stopped.append(4)
                raise SystemExit(137)

    data = DataLoader(TensorDataset(torch.zeros(1)))
    config = TrainConfig(epochs=7, validate_every=3, patience=0, clip_norm=0.0)
    folder = RunFolder(tmp_path)
    with pytest.raises(SystemExit):
        fit(Stops(RISING, RISING), data, [data], config, CPU, folder, resume=False)
    assert kept(folder, "last")["weight"] == 4
    module = Stops(RISING, RISING)
    fit(module, data, [data], config, CPU, folder, resume=True)
    assert module.weight == 7
    assert validated(tmp_path / "metrics.csv") == [2]
    assert validated(tmp_path / "resumed_0" / "metrics.csv") == [5, 6]


@pytest.mark.parametrize(
    ("device", "devices", "expected"),
    [
        ("cpu", 1, {"accelerator": "cpu", "devices": 1}),
        ("cpu", 2, {"accelerator": "cpu", "devices": 2}),
        ("cuda", 4, {"accelerator": "cuda", "devices": 4}),
        ("cuda:0", 1, {"accelerator": "cuda", "devices": [0]}),
        ("cuda:1", 1, {"accelerator": "cuda", "devices": [1]}),
    ],
)
def test_devices_in_lightnings_words(device: str, devices: int, expected: dict[str, Any]) -> None:
    assert placement(device, devices) == expected


def test_one_device_for_several_processes() -> None:
    with pytest.raises(InputError, match="--device cuda:1 is one device, --devices 2 wants more"):
        placement("cuda:1", 2)


def test_a_torn_checkpoint_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, path = WholeCheckpoints(), tmp_path / "checkpoints" / "last.ckpt"
    writer.save_checkpoint({"epoch": 1}, path)

    def torn(_: Any, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="No space left"):
        writer.save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]
