"""Variations of segments keep picture, sound and labels together."""

import pytest
import torch

from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.augment import augmented
from avel.pipeline.learning.settings import AugmentConfig

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


def test_saturation_keeps_grey_grey() -> None:
    config = AugmentConfig(True, 0, 0.0, 0.0, 0.9, 0.0, (90.0, 90.0))
    assert torch.equal(
        augmented(batch(), config, 99, torch.Generator()).visual_map, batch().visual_map
    )
    example = batch()
    example.visual_map[:, :, :, 0] = 200
    found = augmented(example, config, 99, torch.Generator()).visual_map
    assert not torch.equal(found, example.visual_map)
