"""The parts of making the tiny encoder: which cells are learned from, how groups and variations are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avel.cache.ave_h5 import write_order
from avel.cache.fingerprint import ContentKeys, file_sha256
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.pipeline.datasets.ave import AveFolder, open_ave
from avel.pipeline.learning import pretrain as module
from avel.pipeline.learning.pretrain import (
    EventCells,
    _Groups,
    event_cells,
    gather_segments,
    vary_images,
    vary_spectrograms,
)
from avel.pipeline.learning.settings import PretrainConfig
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.recipes import pack, segments_recipe
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[AveFolder, RuntimeConfig]:
    """Two videos of three cells: the event of the first lacks sound in its second cell."""
    root, cache = tmp_path_factory.mktemp("films"), tmp_path_factory.mktemp("cache")
    keys = ContentKeys(cache)
    (root / "AVE").mkdir()
    with open_store(cache, segments_recipe(SegmentConfig())).writer() as writer:
        for number in range(2):
            path = root / "AVE" / f"film{number}.mp4"
            path.write_text(f"film {number}")
            heard = np.array([True, number == 1, True])
            pictures = np.full((3, 1, 3, 224, 224), 10 * number, np.uint8)
            pictures += np.arange(3, dtype=np.uint8)[:, None, None, None, None]
            sound = np.full((3, 44_100), 100, np.int16)
            segments = Segments(pictures, sound, np.ones(3, bool), heard, 3.0)
            writer.add(keys.key(path), pack(segments))
    rows = ["dog&film0&good&0&3", "cat&film1&good&1&9"]
    (root / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split, order in (("train", [0, 1]), ("val", []), ("test", [1])):
        write_order(root / f"{split}_order.h5", order)
    return open_ave(root), RuntimeConfig(cache, device="cpu")


class Listens:
    """Spectrograms that say how loud the sound is."""

    class audio:
        @staticmethod
        def spectrogram(samples: torch.Tensor) -> torch.Tensor:
            return samples[:, None, None, :1]


def test_cells_are_those_both_seen_and_heard(filmed: tuple[AveFolder, RuntimeConfig]) -> None:
    data, runtime = filmed
    cells = event_cells(data, "train", runtime, Listens())  # type: ignore[arg-type]
    assert cells.frames[:, 0, 0, 0].tolist() == [0, 2, 11, 12]  # video ends before its event
    assert cells.labels.tolist() == [0, 0, 1, 1]
    assert cells.spectrograms.flatten().tolist() == [100] * 4
    with pytest.raises(InputError, match="split 'val' has no event cell with a readable video"):
        event_cells(data, "val", runtime, Listens())  # type: ignore[arg-type]


def test_cached_segments_are_not_decoded_again(
    filmed: tuple[AveFolder, RuntimeConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, runtime = filmed
    assert list(gather_segments(data, runtime)) == []


def test_every_group_holds_each_class_once() -> None:
    labels = np.repeat([0, 1, 2], [5, 9, 4])
    groups = _Groups(labels, 2, seed=3)
    batches = list(groups)
    assert len(batches) == len(groups) == 18 // 6
    for batch in batches:
        assert batch.shape == (2, 3)
        assert labels[batch.numpy()].tolist() == [[0, 1, 2]] * 2
    assert [b.tolist() for b in _Groups(labels, 2, seed=3)] == [b.tolist() for b in batches]


def test_pictures_are_each_varied_and_stay_pictures() -> None:
    torch.manual_seed(0)
    images = torch.full((8, 3, 16, 16), 100.0)
    images[:, :, :, :8] = 30.0
    varied = vary_images(images)
    assert varied.shape == images.shape
    assert 0 <= float(varied.min()) < float(varied.max()) <= 255
    means = varied.mean((1, 2, 3))
    assert means.std() > 1  # each has its own
    assert varied.isfinite().all()


def test_sounds_keep_their_shape_at_another_level_and_moment() -> None:
    torch.manual_seed(0)
    spectrograms = torch.randn(6, 3, 4, 20)
    varied = vary_spectrograms(spectrograms)
    for before, after in zip(spectrograms, varied, strict=True):
        assert after.std().item() == pytest.approx(before.std().item(), rel=1e-4)
        assert abs((after - before).mean().item()) <= 6
        level = (after.sort().values - before.sort().values).mean()
        torch.testing.assert_close(after.sort().values - level, before.sort().values)


def test_the_weights_and_their_record(
    filmed: tuple[AveFolder, RuntimeConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything but the learning itself."""
    data, runtime = filmed
    learned: list[Any] = []
    cells = EventCells(torch.zeros(1, 3, 224, 224), torch.zeros(1, 3, 8, 8), np.zeros(1, int))
    monkeypatch.setattr(module, "_learn", lambda *arguments: learned.append(arguments[-1]))
    monkeypatch.setattr(module, "event_cells", lambda *_: cells)
    monkeypatch.setattr(module, "text_accuracy", lambda *_: {"image_to_text_accuracy": 0.5})
    record = module.pretrain(data, PretrainConfig(epochs=2), runtime, tmp_path)
    assert learned == ["cpu"]
    path = tmp_path / "audioclip-tiny.safetensors"
    stored = json.loads(path.with_suffix(".json").read_text())
    assert stored == json.loads(json.dumps(record))
    assert stored["sha256"] == file_sha256(path)
    assert stored["classes"] == ["dog", "cat"]
    assert stored["config"]["epochs"] == 2
    assert stored["commands"][-1].startswith("avel pretrain --data data/pretrain")
    assert path.stat().st_size <= 6e6
    assert {p.name for p in tmp_path.iterdir()} == {path.name, path.with_suffix(".json").name}


def test_it_learns_on_the_device_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    class Trainer:
        def __init__(self, **settings: Any) -> None:
            asked.append(settings)

        def fit(self, *_: Any) -> None:
            """Nothing."""

    monkeypatch.setattr(module.lightning, "Trainer", Trainer)
    monkeypatch.setattr(module, "resolve_device", lambda device: device)
    cells = EventCells(torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 8, 8), np.arange(2))
    module._learn(AudioCLIP(TINY), cells, ["a", "b"], PretrainConfig(), "cuda:1")
    assert (asked[0]["accelerator"], asked[0]["devices"]) == ("cuda", [1])
