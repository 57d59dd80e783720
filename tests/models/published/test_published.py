"""The published systems against their authors' own outputs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from avel.models.output import Visual
from avel.models.published.av_att import AVAtt, AVAttConfig
from avel.models.published.dmin import DMIN, DMINConfig, matched_relevance
from avel.models.published.interaction import DIM, DenseAttention, without_dead
from avel.models.published.losses import gated_events
from avel.models.published.magan import MAGAN, MAGANConfig, published_tensors
from avel.models.table import build
from tests import fill


def filled(model: nn.Module, golden: Path) -> nn.Module:
    model.load_state_dict(fill.weights(model.state_dict(), fill.seed_of(golden)))
    return model.eval()


def inputs(golden: Path) -> tuple[torch.Tensor, Visual, torch.Tensor]:
    seed = fill.seed_of(golden)
    audio = np.abs(fill.array("audio", (4, 10, 128), seed))
    visual = np.maximum(fill.array("visual", (4, 10, 7, 7, 512), seed), 0)
    return whole(torch.from_numpy(audio), torch.from_numpy(visual).flatten(2, 3))


def whole(
    audio: torch.Tensor, visual_map: torch.Tensor
) -> tuple[torch.Tensor, Visual, torch.Tensor]:
    """Inputs of windows without padding; the published models read no pooled picture."""
    mask = torch.ones(visual_map.shape[:2], dtype=torch.bool)
    return audio, Visual(visual_map, visual_map.mean(2)), mask


def close(ours: torch.Tensor, theirs: np.ndarray, tolerance: float = 1e-4) -> None:
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


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


@torch.no_grad()
def test_dmin(golden: Path) -> None:
    expected = np.load(golden / "dmin.npz")
    output = filled(DMIN(DMINConfig()), golden)(*inputs(golden))
    close(output.relevance, expected["relevance_logits"])
    close(output.classes, expected["class_logits"])
    close(output.extra["visual_classes"], expected["visual_class_logits"])


@torch.no_grad()
def test_dmin_weak(golden: Path) -> None:
    expected = np.load(golden / "dmin_weak.npz")
    output = filled(DMIN(DMINConfig(supervision="weak")), golden)(*inputs(golden))
    close(output.relevance, expected["relevance_logits"])
    close(output.classes, expected["class_logits"])
    close(gated_events(output.relevance, output.classes), expected["video_probabilities"])
    extra = output.extra
    close(
        gated_events(extra["visual_relevance"], extra["visual_classes"]),
        expected["visual_video_probabilities"],
    )


@torch.no_grad()
@pytest.mark.parametrize(("name", "query"), [("dcmr_a2v", "audio"), ("dcmr_v2a", "visual")])
def test_dcmr(golden: Path, name: str, query: str) -> None:
    expected, seed = np.load(golden / f"{name}.npz"), fill.seed_of(golden)
    visual = np.maximum(fill.array("visual_pooled", (4, 10, 512), seed), 0)
    events = torch.from_numpy(expected["segment_labels"]) > 0
    model = filled(DMIN(DMINConfig()), golden)
    found = matched_relevance(model, inputs(golden)[0], torch.from_numpy(visual), events, query)
    close(found.T[..., None], expected["relevance_logits"])


def test_dense_attention_is_the_average_over_rotations() -> None:
    """The closed form against the loop that the paper describes."""
    attention = DenseAttention(0.0).eval()
    query, other = torch.randn(2, 5, DIM), torch.randn(2, 5, DIM)
    w, b = attention.in_proj_weight, attention.in_proj_bias
    q = (query @ w[:DIM].T + b[:DIM]).view(2, 5, 4, 64) / 8
    memory = torch.cat([other, query], 1)
    k = (memory @ w[DIM : 2 * DIM].T + b[DIM : 2 * DIM]).view(2, 10, 4, 64)
    v = (memory @ w[2 * DIM :].T + b[2 * DIM :]).view(2, 10, 4, 64)
    own = torch.einsum("bthd,bshd->bhts", q, k[:, 5:])
    turns = [torch.einsum("bthd,bshd->bhts", q.roll(r, -1), k[:, :5]) for r in range(64)]
    across = (0.5 * turns[0] + 0.5 / 63 * sum(turns[1:])) / 64
    shares = torch.cat([across, own], -1).softmax(-1)
    mixed = torch.einsum("bhts,bshd->bthd", shares, v).flatten(2)
    expected = mixed @ attention.out_proj.weight.T + attention.out_proj.bias
    torch.testing.assert_close(attention(query, other), expected, atol=1e-5, rtol=1e-5)


def test_published_names_load_and_dead_ones_are_dropped() -> None:
    model = DMIN(DMINConfig())
    named = {f"module.{k}": v.double() for k, v in model.state_dict().items()}
    dead = ("video_encoder.encoder_layer.linear1.weight", "audio_decoder.decoder_layer.norm1.bias")
    dead += ("video_decoder.decoder.layers.0.self_attn.in_proj_bias",)
    dead += ("spatial_channel_att.affine_video_guided_1.weight",)
    published = {**named, **{f"module.{name}": torch.zeros(1) for name in dead}}
    model.load_state_dict(without_dead(published))


def test_attention_of_another_grid() -> None:
    with pytest.raises(
        ValueError, match=r"has 49 of them, the map has 36 positions; use position_b"
    ):
        AVAttConfig(positions=36)
    model = AVAtt(AVAttConfig(positions=36, position_bias="paper"))
    output = model(*whole(torch.randn(1, 3, 128), torch.rand(1, 3, 36, 512)))
    assert output.extra["scores"].shape == (1, 3, 29)
    assert output.attention["agva"].shape == (1, 3, 36)


def test_matching_needs_a_query() -> None:
    with pytest.raises(ValueError, match=r"samples \[1\] have no query segment; leave them out"):
        matched_relevance(
            DMIN(DMINConfig()),
            torch.rand(2, 4, 128),
            torch.rand(2, 4, 512),
            torch.tensor([[True, False, False, False], [False] * 4]),
            "audio",
        )


@torch.no_grad()
def test_magan(golden: Path) -> None:
    expected = np.load(golden / "magan.npz")
    output = filled(MAGAN(MAGANConfig()), golden)(*inputs(golden))
    close(output.relevance.T[..., None], expected["relevance"])
    close(output.classes, expected["event_scores"])
    for kind in ("unimodal", "multimodal"):
        close(output.extra[f"{kind}_gates"].T[..., None], expected[f"{kind}_gates"])
        close(output.extra[f"{kind}_scores"], expected[f"{kind}_scores"])


@torch.no_grad()
def test_magan_weak(golden: Path) -> None:
    expected = np.load(golden / "magan_weak.npz")
    output = filled(MAGAN(MAGANConfig(supervision="weak")), golden)(*inputs(golden))
    close(output.relevance, expected["relevance"])
    close(output.extra["events"], expected["event_scores"])
    close(output.extra["gates"].T[..., None], expected["gates"])
    close(output.extra["gate_scores"], expected["gate_scores"])
    decoded = expected["event_scores"] + expected["gate_scores"]
    assert (output.classes.argmax(-1).numpy() == decoded.argmax(-1)).all()


@torch.no_grad()
def test_magans_fixed_mixing_keeps_samples_apart() -> None:
    """Released, a video's numbers depend on the others in its batch; fixed, they do not."""
    audio, visual = torch.rand(3, 10, 128), torch.rand(3, 10, 49, 512)
    for mixing, apart in (("legacy", False), ("fixed", True)):
        torch.manual_seed(0)
        model = MAGAN(MAGANConfig(mixing=mixing)).eval()
        together, alone = model(*whole(audio, visual)), model(*whole(audio[:1], visual[:1]))
        same = torch.allclose(together.classes[:1], alone.classes, atol=1e-5)
        assert same == apart


def test_magans_published_names_load() -> None:
    model = MAGAN(MAGANConfig())
    named = {f"module.{k}": v.double() for k, v in model.state_dict().items()}
    dead = ("v_fc.weight", "visual_norm.bias", "audio_spatial_channel_att.affine_audio_a3.bias")
    dead += ("visual_encoder.encoder_layer.norm1.weight",)
    model.load_state_dict(
        published_tensors({**named, **{f"module.{name}": torch.zeros(1) for name in dead}})
    )
