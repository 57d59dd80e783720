"""Audio-guided attention: its equation by a naive loop, what guides it, and that it can learn."""

import math

import pytest
import torch
from torch.nn import functional

from avel.models.attention import AudioGuidedAttention


@pytest.fixture
def module() -> AudioGuidedAttention:
    torch.manual_seed(0)
    return AudioGuidedAttention(channels=6, audio_dim=4, hidden=5, projection=3)


def relu(values: list[float]) -> list[float]:
    return [max(0.0, value) for value in values]


def affine(weight: torch.Tensor, bias: torch.Tensor | None, x: list[float]) -> list[float]:
    rows = weight.tolist()
    offsets = bias.tolist() if bias is not None else [0.0] * len(rows)
    return [
        sum(w * v for w, v in zip(row, x, strict=True)) + b
        for row, b in zip(rows, offsets, strict=True)
    ]


@torch.no_grad()
def test_it_is_the_papers_equation(module: AudioGuidedAttention) -> None:
    """`z_p = w . tanh(Wv ReLU(Uv V_p) + Wa ReLU(Ua a))` in plain floats, for every segment."""
    visual, audio = torch.randn(2, 3, 7, 6), torch.randn(2, 3, 4)
    attended, weights = module(visual, audio)
    for b in range(2):
        for t in range(3):
            heard = affine(module.audio_in.weight, module.audio_in.bias, audio[b, t].tolist())
            a = affine(module.audio_out.weight, None, relu(heard))
            z = []
            for p in range(7):
                V = visual[b, t, p].tolist()
                seen = relu(affine(module.visual_in.weight, module.visual_in.bias, V))
                v = affine(module.visual_out.weight, None, seen)
                sums = [math.tanh(x + y) for x, y in zip(v, a, strict=True)]
                z += affine(module.score.weight, None, sums)
            top = max(z)
            shares = [math.exp(value - top) for value in z]
            expected = torch.tensor([share / sum(shares) for share in shares])
            torch.testing.assert_close(weights[b, t], expected, atol=1e-6, rtol=1e-5)
            mean = (expected[:, None] * visual[b, t]).sum(0)
            torch.testing.assert_close(attended[b, t], mean, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_positions_are_a_set(module: AudioGuidedAttention) -> None:
    """Positions in another order: the same vector, weights in that order."""
    visual, audio, order = torch.randn(1, 2, 7, 6), torch.randn(1, 2, 4), torch.randperm(7)
    attended, weights = module(visual, audio)
    again, turned = module(visual[:, :, order], audio)
    torch.testing.assert_close(attended, again)
    torch.testing.assert_close(weights[..., order], turned)


@torch.no_grad()
def test_the_vector_is_of_the_map_as_it_is(module: AudioGuidedAttention) -> None:
    """It lies within the map's own values; equal positions share alike and give themselves."""
    visual, audio = torch.randn(2, 3, 7, 6), torch.randn(2, 3, 4)
    attended, _ = module(visual, audio)
    assert (attended <= visual.amax(2) + 1e-6).all()
    assert (attended >= visual.amin(2) - 1e-6).all()
    flat = visual[:, :, :1].expand(-1, -1, 7, -1)
    attended, weights = module(flat, audio)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / 7))
    torch.testing.assert_close(attended, visual[:, :, 0])


@torch.no_grad()
def test_the_sound_guides_each_segment_by_itself(module: AudioGuidedAttention) -> None:
    visual, audio = torch.randn(1, 3, 7, 6), torch.randn(1, 3, 4)
    _, before = module(visual, audio)
    changed = audio.clone()
    changed[0, 1] = -5 * changed[0, 1]
    _, after = module(visual, changed)
    assert not torch.allclose(before[0, 1], after[0, 1], atol=1e-4)
    torch.testing.assert_close(before[0, [0, 2]], after[0, [0, 2]])


def test_it_finds_the_position_that_sounds() -> None:
    """Taught to copy the one position that matches the sound, attention goes there."""
    torch.manual_seed(0)
    module = AudioGuidedAttention(8, 8, 32, 16)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    codes = torch.eye(8)
    for _ in range(200):
        order = torch.stack([torch.randperm(8) for _ in range(64)])
        sound = torch.randint(0, 8, (64,))
        visual, where = codes[order][:, None], (order == sound[:, None]).float().argmax(1)
        _, weights = module(visual, codes[sound][:, None])
        loss = functional.nll_loss(weights[:, 0].log(), where)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (weights[:, 0].argmax(1) == where).float().mean() > 0.95
