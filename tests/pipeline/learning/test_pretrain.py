"""Pretraining of the tiny encoder: what it varies, groups, reads and counts, and one short run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from avel.cache.ave_h5 import write_order
from avel.cache.fingerprint import ContentKeys, file_sha256
from avel.extractors import choose
from avel.extractors.audioclip.declarations import IMAGE_MEAN, IMAGE_STD
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.pipeline.datasets.ave import AveFolder, open_ave
from avel.pipeline.learning import pretrain as room
from avel.pipeline.learning.pretrain import (
    EventCells,
    _commands,
    _Groups,
    _learn,
    embed,
    event_cells,
    gather_segments,
    pretrain,
    text_accuracy,
    vary_images,
    vary_spectrograms,
)
from avel.pipeline.learning.settings import PretrainConfig
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.stores import open_store, pack, segments_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.films import LOSSLESS, write_film

SIZE = 224
ROWS = ("Bark&one&good&1&3", "Bell&two&good&0&9", "Bell&lost&good&0&2")
"""The second event ends after its video of three cells; the third video is not there."""


@pytest.fixture(scope="module")
def model() -> AudioCLIP:
    torch.manual_seed(3)
    return AudioCLIP(TINY).eval()


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[AveFolder, RuntimeConfig]:
    """Videos of three cells that are decoded already; pictures say the video and the cell."""
    root, cache = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("cache")
    (root / "AVE").mkdir()
    keys, rng = ContentKeys(cache), np.random.default_rng(0)
    with open_store(cache, segments_recipe(SegmentConfig())).writer() as writer:
        for number, name in enumerate(("one", "two")):
            path = root / "AVE" / f"{name}.mp4"
            path.write_text(name)
            frames = np.zeros((3, 1, 3, SIZE, SIZE), np.uint8)
            frames[:] = (100 * number + 10 * np.arange(3)).reshape(3, 1, 1, 1, 1)
            heard = np.array([True, True, number == 0])  # the second is mute at its end
            sound = rng.integers(-9000, 9000, (3, 44_100)).astype(np.int16)
            cells = Segments(frames, sound, np.ones(3, bool), heard, 3.0)
            writer.add(keys.key(path), pack(cells))
    (root / "Annotations.txt").write_text("\n".join(ROWS) + "\n")
    for split, order in (("train", [0, 1, 2]), ("val", [2]), ("test", [1, 0])):
        write_order(root / f"{split}_order.h5", order)
    return open_ave(root), RuntimeConfig(cache_dir=cache, workers=1, device="cpu")


# Variation.


def test_pictures_stay_pictures() -> None:
    images = torch.rand(6, 3, 32, 32) * 255
    varied = vary_images(images)
    assert varied.shape == images.shape
    assert 0 <= varied.min() <= varied.max() <= 255
    assert not torch.equal(varied, vary_images(images))


def test_each_picture_is_varied_otherwise() -> None:
    varied = vary_images((torch.rand(1, 3, 32, 32) * 255).expand(5, -1, -1, -1))
    for number in range(5):
        others = [n for n in range(5) if n != number]
        assert all((varied[number] - varied[n]).abs().mean() > 1 for n in others)


def test_a_plain_picture_stays_plain_and_its_colour_stays_near() -> None:
    """Nothing comes in from outside the picture: edges are mirrored."""
    varied = vary_images(torch.full((64, 3, 16, 16), 100.0)).flatten(1)
    torch.testing.assert_close(varied.amax(1), varied.amin(1), atol=1e-3, rtol=0)
    level = varied.mean(1)
    assert 90 < level.mean() < 110
    assert 8 < level.std() < 20  # gain of 15 % and a shift of 10


def test_about_half_of_the_pictures_are_mirrored() -> None:
    images = torch.zeros(200, 3, 32, 32)
    images[..., 16:] = 255
    varied = vary_images(images)
    mirrored = varied[..., :16].mean((1, 2, 3)) > varied[..., 16:].mean((1, 2, 3))
    assert 70 <= int(mirrored.sum()) <= 130


def test_pictures_are_turned_by_less_than_a_fifth_of_a_right_angle_on_average() -> None:
    """The upper half stays above the lower: they are never upside down."""
    images = torch.zeros(100, 3, 32, 32)
    images[..., 16:, :] = 255
    varied = vary_images(images)
    assert (varied[..., 16:, :].mean((1, 2, 3)) > varied[..., :16, :].mean((1, 2, 3))).all()


def test_spectrograms_are_rolled_in_time_and_louder_or_quieter() -> None:
    spectrograms = torch.rand(8, 3, 5, 7) * 40
    varied = vary_spectrograms(spectrograms)
    shifts = set()
    for before, after in zip(spectrograms, varied, strict=True):
        levels = [(after - before.roll(shift, -1)) for shift in range(7)]
        fitting = [n for n, level in enumerate(levels) if level.std() < 1e-4]
        assert len(fitting) == 1
        assert abs(levels[fitting[0]].mean()) <= 6
        shifts.add(fitting[0])
    assert len(shifts) > 1


# Groups.


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.integers(1, 3),
    st.integers(0, 9),
)
def test_every_group_has_every_class_once(labels: list[int], groups: int, seed: int) -> None:
    """Some classes have no cell at all; cells of rare ones come again."""
    known, found = sorted(set(labels)), np.array(labels)
    batches = list(made := _Groups(found, groups, seed))
    assert len(batches) == len(made) == len(labels) // (groups * len(known))
    for batch in batches:
        assert batch.shape == (groups, len(known))
        assert (found[batch.numpy()] == known).all()


def test_groups_are_the_seeds_and_every_epoch_draws_anew() -> None:
    labels = np.repeat(np.arange(4), 20)

    def numbers(groups: _Groups) -> list[Any]:
        return [batch.tolist() for batch in groups]

    same = _Groups(labels, 2, 5)
    first = numbers(same)
    assert first == numbers(_Groups(labels, 2, 5))
    assert first != numbers(same)
    assert first != numbers(_Groups(labels, 2, 6))


# Embedding.


@torch.no_grad()
def test_embeddings_are_those_of_the_encoder(model: AudioCLIP) -> None:
    """Against open_clip's own image path, and the audio head on the sound itself."""
    g = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, SIZE, SIZE, generator=g) * 255
    samples = torch.randn(2, 44_100, generator=g) * 3000
    image, audio = embed(model, images, model.audio.spectrogram(samples))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    assert image.shape == audio.shape == (2, 128)
    torch.testing.assert_close(image, model.encode_image((images / 255 - mean) / std), atol=1e-4, rtol=1e-4)  # fmt: skip
    torch.testing.assert_close(audio, model.audio(samples), atol=1e-4, rtol=1e-4)


class Named:
    """A model whose text embeddings are the unit vectors, in the names' order."""

    def eval(self) -> None: ...

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.eye(len(tokens))


def test_text_accuracy_counts_nearest_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 130 cells, three batches, sight is right in 100 and sound in 13; lengths do not matter."""
    labels = np.arange(130) % 2
    seen, heard = labels.copy(), 1 - labels
    seen[100:], heard[:13] = 1 - seen[100:], labels[:13]
    cells = EventCells(torch.from_numpy(seen), torch.from_numpy(heard), labels)

    def told(_: Any, seen: torch.Tensor, heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.eye(2)[seen.long()] * 7, torch.eye(2)[heard.long()] * 0.1

    monkeypatch.setattr(room, "embed", told)
    found = text_accuracy(Named(), cells, ["Bark", "Bell"])  # type: ignore[arg-type]
    assert found == {
        "image_to_text_accuracy": pytest.approx(100 / 130),
        "audio_to_text_accuracy": pytest.approx(13 / 130),
    }


# Cells.


def test_cells_are_those_of_events_that_are_seen_and_heard(
    filmed: tuple[AveFolder, RuntimeConfig], model: AudioCLIP
) -> None:
    data, runtime = filmed
    cells = event_cells(data, "train", runtime, model)
    assert cells.frames[:, 0, 0, 0].tolist() == [10, 20, 100, 110]
    assert cells.labels.tolist() == [0, 0, 1, 1]
    assert cells.frames.shape == (4, 3, SIZE, SIZE)
    assert cells.frames.dtype == torch.uint8
    assert cells.spectrograms.dtype == torch.float16
    keys = ContentKeys(runtime.cache_dir)
    path = data.video_path("two")
    assert path
    raw = open_store(runtime.cache_dir, segments_recipe(SegmentConfig())).get(keys.key(path))
    assert raw is not None
    with torch.no_grad():
        expected = model.audio.spectrogram(
            torch.from_numpy(raw["samples"][:2].astype(np.float32))
        ).half()
    torch.testing.assert_close(cells.spectrograms[2:], expected)


def test_cells_come_in_the_splits_order(
    filmed: tuple[AveFolder, RuntimeConfig], model: AudioCLIP
) -> None:
    assert event_cells(filmed[0], "test", filmed[1], model).labels.tolist() == [1, 1, 0, 0]


def test_a_split_without_a_video(filmed: tuple[AveFolder, RuntimeConfig], model: AudioCLIP) -> None:
    with pytest.raises(InputError, match="split 'val' has no event cell with a readable video"):
        event_cells(filmed[0], "val", filmed[1], model)


def test_segments_are_gathered_once_and_broken_videos_do_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / "AVE").mkdir()
    times = [n / 4 for n in range(4)]
    sound = np.zeros((1, 44_100), np.int16)
    write_film(
        tmp_path / "AVE" / "whole.mkv",
        frame_times=times,
        samples=sound,
        **LOSSLESS,
    )
    (tmp_path / "AVE" / "broken.mp4").write_text("no video")
    rows = [
        "Bark&whole&good&0&1",
        "Bell&broken&good&0&1",
        "Bell&whole&good&0&1",
        "Bell&no&good&0&1",
    ]
    (tmp_path / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split in ("train", "val", "test"):
        write_order(tmp_path / f"{split}_order.h5", [0])
    data, runtime = open_ave(tmp_path), RuntimeConfig(cache_dir=tmp_path / "cache", workers=1)
    assert list(gather_segments(data, runtime)) == [1, 2]
    store = open_store(runtime.cache_dir, segments_recipe(SegmentConfig()))
    path = data.video_path("whole")
    assert path
    assert list(store.keys()) == [ContentKeys(runtime.cache_dir).key(path)]
    assert list(gather_segments(data, runtime)) == [2]  # the broken one is tried again


# The run.


@pytest.fixture(scope="module")
def pretrained(
    filmed: tuple[AveFolder, RuntimeConfig], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("out")
    config = PretrainConfig(epochs=1, groups=1, seed=4, precision="32-true")
    return out, pretrain(filmed[0], config, filmed[1], out)


def test_a_run_leaves_weights_and_their_record(pretrained: tuple[Path, dict[str, Any]]) -> None:
    out, record = pretrained
    assert sorted(path.name for path in out.iterdir()) == [
        "audioclip-tiny.json",
        "audioclip-tiny.safetensors",
    ]
    assert json.loads((out / "audioclip-tiny.json").read_text()) == record
    assert record["sha256"] == file_sha256(out / "audioclip-tiny.safetensors")
    assert record["classes"] == ["Bark", "Bell"]
    assert record["config"] == vars(PretrainConfig(1, 1, seed=4, precision="32-true"))
    assert record["test"].keys() == {"image_to_text_accuracy", "audio_to_text_accuracy"}
    assert all(share in (0, 0.25, 0.5, 0.75, 1) for share in record["test"].values())


def test_the_weights_are_the_tiny_encoders(pretrained: tuple[Path, dict[str, Any]]) -> None:
    path = pretrained[0] / "audioclip-tiny.safetensors"
    assert path.stat().st_size <= 6e6  # it travels with the package
    choose("audioclip-tiny", [path]).load()
    tensors = load_file(path)
    assert all(t.dtype == torch.float16 for t in tensors.values() if t.is_floating_point())
    assert all(t.isfinite().all() for t in tensors.values() if t.is_floating_point())


def test_all_but_the_filter_bank_learned(pretrained: tuple[Path, dict[str, Any]]) -> None:
    tensors = load_file(pretrained[0] / "audioclip-tiny.safetensors")
    torch.manual_seed(4)  # the run's: it begins with these weights
    fresh = AudioCLIP(TINY).state_dict()
    bank = [name for name in fresh if name.startswith("audio.fbsp.")]
    assert bank
    assert all(torch.equal(tensors[name], fresh[name].half()) for name in bank)
    assert 2.2 < float(tensors["logit_scale_ai"]) < 2.4
    assert float(tensors["logit_scale_ai"]) != torch.tensor(2.3).half()
    moved = (tensors["text_projection"] - fresh["text_projection"].half()).abs()
    assert 0 < moved.max() < 0.02  # two steps of 2e-3


def test_the_filter_bank_stays_a_fourier_transform(
    filmed: tuple[AveFolder, RuntimeConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spectrograms are made once, so it must not move; logits begin at a scale of ten."""
    begun: list[AudioCLIP] = []
    monkeypatch.setattr(room, "_learn", lambda model, *_: begun.append(model))
    pretrain(filmed[0], PretrainConfig(seed=4), filmed[1], tmp_path)
    still = {name for name, p in begun[0].named_parameters() if not p.requires_grad}
    assert still
    assert all(name.startswith("audio.fbsp.") for name in still)
    assert not any(p.requires_grad for p in begun[0].audio.fbsp.parameters())
    scales = begun[0].logit_scale, begun[0].logit_scale_ai, begun[0].logit_scale_at
    assert all(scale.exp().item() == pytest.approx(10, rel=0.01) for scale in scales)


def test_it_learns_on_the_device_that_it_is_told(
    model: AudioCLIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    class Trainer:
        def __init__(self, **settings: Any) -> None:
            asked.append(settings)

        def fit(self, *_: Any) -> None:
            """Nothing."""

    monkeypatch.setattr(room.lightning, "Trainer", Trainer)
    monkeypatch.setattr(room, "resolve_device", lambda device: device)
    cells = EventCells(torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 8, 8), np.arange(2))
    _learn(model, cells, ["a", "b"], PretrainConfig(), "cuda:1")
    assert (asked[0]["accelerator"], asked[0]["devices"]) == ("cuda", [1])
    assert next(model.parameters()).device.type == "cpu"


@pytest.mark.needs_cuda
def test_it_learns_on_the_gpu(filmed: tuple[AveFolder, RuntimeConfig], tmp_path: Path) -> None:
    config = PretrainConfig(epochs=1, groups=1, seed=4, precision="32-true")
    pretrain(filmed[0], config, replace(filmed[1], device="cuda"), tmp_path)
    tensors = load_file(tmp_path / "audioclip-tiny.safetensors")
    assert all(t.isfinite().all() for t in tensors.values() if t.is_floating_point())


def test_commands_say_how_to_make_it_again(filmed: tuple[AveFolder, RuntimeConfig]) -> None:
    data, config = filmed[0], PretrainConfig(epochs=3, seed=9)
    again = (
        "avel pretrain --data data/pretrain --out extractors/weights --epochs 3 --seed 9 "
        "--precision bf16-mixed"
    )
    assert _commands(data, config) == [again]
    made = {"config": {"num_videos": 84, "noisy_share": 0.0, "seed": 5}}
    record = data.root / "synth.json"
    record.write_text(json.dumps(made))
    try:
        assert _commands(data, config) == [
            "avel synth data/pretrain --videos 84 --noisy 0 --seed 5",
            again,
        ]
    finally:
        record.unlink()
