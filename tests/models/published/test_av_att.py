"""AV_att and DMRN against their authors' outputs, and their parts by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avel.models.published.av_att import AVAtt, AVAttConfig
from avel.models.table import build
from tests.models.published.golden import close, filled, inputs, whole


@torch.no_grad()
def test_av_att(golden: Path) -> None:
    model, expected = filled(AVAtt(AVAttConfig()), golden), np.load(golden / "av_att.npz")
    assert sum(p.numel() for p in model.parameters()) == 1_335_246
    assert len(model.state_dict()) == 27
    output = model(*inputs(golden))
    close(output.extra["scores"].softmax(-1), expected["probabilities"])
    close(output.attention["agva"], expected["attention"])
    both = torch.sigmoid(output.relevance)[..., None] * output.classes.softmax(-1)
    close(both, expected["probabilities"][..., :-1])


@torch.no_grad()
def test_dmrn(golden: Path) -> None:
    model = filled(build("dmrn", {}), golden)
    assert sum(p.numel() for p in model.parameters()) == 1_571_150
    scores = model(*inputs(golden)).extra["scores"]
    close(scores.softmax(-1), np.load(golden / "dmrn.npz")["probabilities"])


@torch.no_grad()
def test_av_att_weak(golden: Path) -> None:
    expected = np.load(golden / "av_att_weak.npz")
    scores = filled(AVAtt(AVAttConfig()), golden)(*inputs(golden)).extra["scores"]
    close(scores, expected["segment_scores"])
    close(scores.amax(1).softmax(-1), expected["video_probabilities"])


def test_attention_of_another_grid() -> None:
    with pytest.raises(
        ValueError, match=r"has 49 of them, the map has 36 positions; use position_b"
    ):
        AVAttConfig(positions=36)
    model = AVAtt(AVAttConfig(positions=36, position_bias="paper"))
    output = model(*whole(torch.randn(1, 3, 128), torch.rand(1, 3, 36, 512)))
    assert output.extra["scores"].shape == (1, 3, 29)
    assert output.attention["agva"].shape == (1, 3, 36)


SMALL = {"num_classes": 3, "audio_dim": 4, "map_channels": 5, "hidden": 3, "attention": 6}


def small(**options: object) -> AVAtt:
    torch.manual_seed(0)
    return AVAtt(AVAttConfig(**{**SMALL, **options})).eval()  # type: ignore[arg-type]


@torch.no_grad()
@pytest.mark.parametrize("bias", ["legacy", "paper"])
def test_attention_by_a_loop(bias: str) -> None:
    """Released, the audio term has one value a position; in the paper one a projection row."""
    model = small(position_bias=bias)
    audio, visual_map = torch.randn(2, 3, 4), torch.randn(2, 3, 49, 5)
    attended, weights = model.attend(audio, visual_map)
    for b in range(2):
        for t in range(3):
            a = model.affine_g.weight @ model.affine_audio(audio[b, t]).clamp_min(0)
            z = []
            for p in range(49):
                v = model.affine_v.weight @ model.affine_video(visual_map[b, t, p]).clamp_min(0)
                z.append(
                    model.affine_h.weight[0] @ torch.tanh(v + (a[p] if bias == "legacy" else a))
                )
            shares = torch.stack(z).softmax(0)
            torch.testing.assert_close(weights[b, t], shares)
            torch.testing.assert_close(attended[b, t], shares @ visual_map[b, t])


@torch.no_grad()
def test_released_the_attention_knows_its_grid() -> None:
    """Turned positions turn the paper's weights; the released ones depend on the place."""
    audio, visual_map, order = torch.randn(1, 2, 4), torch.randn(1, 2, 49, 5), torch.randperm(49)
    for bias, equal in (("paper", True), ("legacy", False)):
        model = small(position_bias=bias)
        _, weights = model.attend(audio, visual_map)
        _, turned = model.attend(audio, visual_map[:, :, order])
        assert torch.allclose(weights[..., order], turned, atol=1e-6) == equal


@torch.no_grad()
def test_scores_of_concatenation() -> None:
    model = small()
    audio, visual_map = torch.randn(2, 3, 4), torch.randn(2, 3, 49, 5)
    attended, _ = model.attend(audio, visual_map)
    joint = torch.cat([model.lstm_audio(audio)[0], model.lstm_video(attended)[0]], -1).relu()
    hidden = (joint @ model.L1.weight.T + model.L1.bias).relu()
    expected = hidden @ model.L2.weight.T + model.L2.bias
    torch.testing.assert_close(model.score(audio, visual_map)[0], expected)


@torch.no_grad()
def test_the_residual_fusion_swaps_names() -> None:
    """Each modality's residual goes to the other's name, which shows from the second block on."""
    heard, seen = torch.randn(2, 3, 6), torch.randn(2, 3, 6)
    for blocks in (1, 2, 3):
        model = small(fusion="residual", blocks=blocks)
        v, a = seen, heard
        for _ in range(blocks):
            m = 0.5 * (model.U_v(v) + model.U_a(a))
            v, a = torch.tanh(a + m), torch.tanh(v + m)
        torch.testing.assert_close(model._fuse(heard, seen), 0.5 * (v + a))


@torch.no_grad()
def test_the_fusion_at_one_block_takes_both_alike() -> None:
    model = small(fusion="residual")
    model.U_a.load_state_dict(model.U_v.state_dict())
    heard, seen = torch.randn(2, 3, 6), torch.randn(2, 3, 6)
    torch.testing.assert_close(model._fuse(heard, seen), model._fuse(seen, heard))


def test_initial_weights_are_xavier_where_the_authors_are() -> None:
    """Bound sqrt(6 / (in + out)); torch's own default would stay within 1 / sqrt(in)."""
    model = small(attention=200, map_channels=50)
    bound = (6 / 250) ** 0.5
    assert 0.98 * bound < model.affine_video.weight.abs().max() <= bound
    residual = small(fusion="residual", attention=200, map_channels=50)
    assert residual.affine_video.weight.abs().max() <= 50**-0.5
    assert not hasattr(residual, "L1")


def test_released_attention_is_refused_on_another_grid_by_dmrn_too() -> None:
    with pytest.raises(ValueError, match="the map has 16 positions; use position_bias 'paper'"):
        build("dmrn", {"positions": 16})
