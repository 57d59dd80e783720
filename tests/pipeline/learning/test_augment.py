"""Variations of segments keep picture, sound and labels together; training from segments works."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.extractors import choose
from avel.extractors.adapters.config import AdapterConfig
from avel.pipeline.cli import main
from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.augment import augmented
from avel.pipeline.learning.experiment import Experiment, check_experiment
from avel.pipeline.learning.fronts import make_front, tuned
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.learning.splice import with_foreign_sound
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError

STILL = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "gain_db": 0.0}


def batch(B: int = 6, T: int = 10) -> Example:
    """Cell t shows level 10 t + 5, sounds at 100 (t + 1), and has label t."""
    t = torch.arange(T)
    frames = (10 * t + 5).to(torch.uint8).view(1, T, 1, 1, 1, 1).expand(B, T, 1, 3, 4, 4).clone()
    sound = (100 * (t + 1)).to(torch.int16).view(1, T, 1).expand(B, T, 8).clone()
    mask = torch.ones(B, T, dtype=torch.bool)
    mask[-1, 7:] = False
    return Example(
        sound,
        frames,
        torch.zeros(B, T, 0),
        mask,
        mask.clone(),
        t.expand(B, T).clone(),
        t[:B],
        t[:B],
        t[:B] * 0 - 100,
    )


def test_picture_sound_and_label_turn_together() -> None:
    config = AugmentConfig(True, 3, snr_db=(90.0, 90.0), **STILL)
    moved = augmented(batch(), config, 99, torch.Generator().manual_seed(0))
    assert not torch.equal(moved.segments, batch().segments)
    assert torch.equal(moved.visual_map[:, :, 0, 0, 0, 0].long(), 10 * moved.segments + 5)
    assert torch.equal(moved.audio[:, :, 0].long(), 100 * (moved.segments + 1))
    assert torch.equal(moved.segments[-1], batch().segments[-1])  # padded: it has an end
    steps = {int(row[0]) for row in moved.segments[:-1]}
    assert steps <= {0, 1, 2, 3, 7, 8, 9}


def test_levels_are_drawn_per_video_and_alike_over_its_cells() -> None:
    config = AugmentConfig(True, 0, 0.2, 0.0, 0.0, 6.0, (90.0, 90.0))
    found = augmented(batch(), config, 99, torch.Generator().manual_seed(1))
    bright = found.visual_map[:, 1:, 0, 0, 0, 0].float() / batch().visual_map[:, 1:, 0, 0, 0, 0]
    gain = found.audio[:, :, 0].float() / batch().audio[:, :, 0]
    for factors, low, high in ((bright, 0.8, 1.2), (gain, 0.5, 2.0)):
        assert factors.std(1).max() < 0.02
        assert low - 0.05 < factors.min() < factors.max() < high + 0.05
        assert factors.mean(1).std() > 0.02


def test_noise_has_the_asked_level() -> None:
    config = AugmentConfig(True, 0, snr_db=(10.0, 10.0), **STILL)
    example = batch()._replace(audio=torch.full((6, 10, 4000), 8000, dtype=torch.int16))
    found = augmented(example, config, 99, torch.Generator().manual_seed(2)).audio.float() - 8000
    assert found.square().mean().sqrt() == pytest.approx(8000 * 10 ** (-0.5), rel=0.02)


def test_mixed_videos_are_half_of_each_with_both_labels() -> None:
    K, T = 9, 10
    example = batch(6)._replace(
        segments=torch.full((6, T), K), video=torch.tensor([0, 1, 2, K, 3, 4])
    )
    example.segments[0, 2:4], example.segments[1, 3:6] = 0, 1
    example = example._replace(
        audio=(100 * torch.arange(6)).to(torch.int16).view(6, 1, 1).expand(6, T, 8).clone(),
        visual_map=(20 * torch.arange(6))
        .to(torch.uint8)
        .view(6, 1, 1, 1, 1, 1)
        .expand(6, T, 1, 3, 4, 4),
    )
    config = AugmentConfig(True, 0, snr_db=(90.0, 90.0), mix=1.0, **STILL)
    mixed = 0
    for seed in range(30):
        found = augmented(example, config, K, torch.Generator().manual_seed(seed))
        for n in range(6):
            level = found.audio[n, 0, 0].item()
            partner = round(2 * level / 100 - n)  # half of 100 n and half of 100 p
            if partner == n:
                assert (found.video[n], found.other[n]) == (example.video[n], -100)
                continue
            mixed += 1
            assert found.visual_map[n, 0, 0, 0, 0, 0].item() == 10 * (n + partner)
            labels = {found.video[n].item(), found.other[n].item()} - {-100}
            both = {example.video[n].item(), example.video[partner].item()}
            assert labels == (both - {K} or {K})
            event = (example.segments[n] != K) | (example.segments[partner] != K)
            assert torch.equal(found.segments[n] != K, event)
            own = example.segments[n] != K
            assert torch.equal(found.segments[n][own], example.segments[n][own])
            assert 5 not in (n, partner)  # padded: as long as no other
    assert mixed > 60
    still = augmented(example, AugmentConfig(True, 0, **STILL), K, torch.Generator())
    assert torch.equal(still.video, example.video)


def test_mixing_needs_a_loss_for_two_labels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"augment.mix \(1.5\) must be in \[0, 1\]"):
        AugmentConfig(mix=1.5)
    experiment = Experiment(model="dmin", augment=AugmentConfig(True, mix=0.5))
    with pytest.raises(InputError, match=r"augment.mix \(0.5\): mixed videos have two labels"):
        check_experiment(experiment)
    check_experiment(Experiment(augment=AugmentConfig(True, mix=0.5)))


def test_foreign_sound_makes_background() -> None:
    """Pieces come from videos of other classes, at the same seconds; the picture stays."""
    K = 9
    example = batch(6)._replace(video=torch.tensor([0, 0, 1, 1, 2, 2]))
    example = example._replace(
        audio=torch.arange(6).to(torch.int16).view(6, 1, 1).expand(6, 10, 8).clone(),
        segments=torch.full((6, 10), 3),
    )
    changed = 0
    for seed in range(20):
        found = with_foreign_sound(example, K, 0.5, torch.Generator().manual_seed(seed))
        assert torch.equal(found.visual_map, example.visual_map)
        foreign = found.audio[:, :, 0] != example.audio[:, :, 0]
        assert torch.equal(found.segments == K, foreign)
        for n, t in foreign.nonzero().tolist():
            owner = int(found.audio[n, t, 0])
            assert example.video[owner] != example.video[n]
            assert example.mask[owner, t]
            assert example.mask[n, t]
        changed += int(foreign.any(1).sum())
    assert 20 < changed < 80
    none = with_foreign_sound(example, K, 0.0, torch.Generator())
    assert torch.equal(none.audio, example.audio)


def test_saturation_keeps_grey_grey() -> None:
    config = AugmentConfig(True, 0, 0.0, 0.0, 0.9, 0.0, (90.0, 90.0))
    assert torch.equal(
        augmented(batch(), config, 99, torch.Generator()).visual_map, batch().visual_map
    )
    example = batch()
    example.visual_map[:, :, :, 0] = 200
    found = augmented(example, config, 99, torch.Generator()).visual_map
    assert not torch.equal(found, example.visual_map)


def test_limits() -> None:
    with pytest.raises(ValueError, match=r"augment\.brightness \(1\.5\) must be in \[0, 1\)"):
        AugmentConfig(brightness=1.5)
    with pytest.raises(ValueError, match="must not be negative"):
        AugmentConfig(gain_db=-1)


@pytest.mark.parametrize("placement", ["none", "output", "both"])
def test_the_whole_encoder_in_training_gives_its_features(placement: str) -> None:
    choice = choose("audioclip-tiny")
    g = torch.Generator().manual_seed(4)
    frames = torch.randint(0, 256, (3, 2, 3, 224, 224), generator=g, dtype=torch.uint8)
    samples = torch.randint(-9000, 9000, (3, 44_100), generator=g, dtype=torch.int16)
    expected = choice.load()(frames, samples)
    there = np.ones(3, bool)
    raw = Features(
        np.zeros((3, 0), np.float32), frames.numpy(), samples.numpy(), there, there, 3.0, ()
    )  # type: ignore[arg-type]
    front = make_front(choice, AdapterConfig(placement), raw, whole=True)  # type: ignore[arg-type]
    assert front is not None
    found = tuned(front.eval())(raw)
    for name, value in expected.items():
        mine = torch.from_numpy(getattr(found, name)).float()
        assert torch.cosine_similarity(mine, value.float(), -1).min() > 0.9999


def test_training_from_segments(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On six videos it learns nothing, but every part runs and the model is used as any other."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    shutil.copytree(warm, cache)  # other tests count what is in the shared one
    data.mkdir()
    for name in ("AVE", "Annotations.txt", "categories.txt"):
        (data / name).symlink_to(synth / name)
    filmed = {path.stem for path in (synth / "AVE").glob("*.mp4")}
    lines = (synth / "Annotations.txt").read_text().splitlines()
    mine = [line for line in lines[1:] if line.split("&")[1] in filmed]
    for split in ("train", "val", "test"):
        (data / f"{split}Set.txt").write_text("".join(f"{line}\n" for line in mine))
    settings = ["augment.enabled=true", "adapter.placement=both", "train.epochs=1"]
    settings += ["options.d_model=16", "options.heads=2", "train.batch_size=3"]
    words = [word for option in settings for word in ("--set", option)]
    arguments = ["--data", str(data), "--cache-dir", str(cache), "--out", str(tmp_path / "run")]
    assert main(["train", *arguments, *words, "--device", "cpu"]) == 0
    assert (tmp_path / "run" / "adapters.safetensors").is_file()
    video = sorted((synth / "AVE").glob("*.mp4"))[0]
    capsys.readouterr()
    model = ["--model", str(tmp_path / "run"), "--cache-dir", str(cache)]
    assert main(["localize", str(video), "--json", *model]) == 0
    assert json.loads(capsys.readouterr().out)[0]["segments"] == 10
    adapters = ["--adapters", str(tmp_path / "run"), "--cache-dir", str(cache)]
    assert main(["extract", str(synth / "AVE"), *adapters]) == 0
    assert main(["evaluate", "--data", str(data), *model]) == 0
