"""DMIN and DCMR against their authors' outputs, and their parts by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from avel.models.output import Visual
from avel.models.published.dmin import (
    DMIN,
    DCMRConfig,
    DMINConfig,
    TripletAttention,
    compounded,
    matched_relevance,
)
from avel.models.published.interaction import DIM
from avel.models.published.losses import gated_events
from avel.models.table import build
from tests import fill
from tests.models.published.golden import close, filled, inputs


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
def test_triplet_attention_by_a_loop_over_positions() -> None:
    """Reference 2.6: channel gate, bilinear branch, one LSTM a position, as the released code."""
    torch.manual_seed(0)
    att = TripletAttention(6, 4).eval()
    B, T, P = 2, 3, 5
    V, a = torch.rand(B, T, P, 6), torch.rand(B, T, 4)
    q = torch.stack(
        [att.affine_audio_1(a).relu() * att.affine_video_1(V[:, :, p]).relu() for p in range(P)]
    ).mean(0)
    m = torch.sigmoid(att.affine_v_c_att(att.affine_bottleneck(q).relu()))
    scores, gated = [], []
    for p in range(P):
        Vc = V[:, :, p] * (1 + m)
        u = att.affine_video_2(Vc).relu() * att.affine_audio_2(a).relu()
        u = torch.stack([u[..., 5 * j : 5 * j + 5].sum(-1) for j in range(DIM)], -1)
        root = u.relu().sqrt() - (-u).relu().sqrt()
        M = root / root.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        y = att.Linear_audio(a).relu()
        L, _ = att.lstm(torch.cat([att.Linear_visual(Vc).relu() + y, y], -1))
        scores.append(torch.tanh(att.affine_v_s_att(M + L)).squeeze(-1))
        gated.append(Vc)
    weights = torch.stack(scores, -1).softmax(-1)
    expected = (weights.unsqueeze(-1) * torch.stack(gated, 2)).sum(2)
    found, shares = att(V, a)
    torch.testing.assert_close(shares, weights, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_the_signed_root_has_a_gradient_where_it_is_zero() -> None:
    """A silent segment makes every product zero; a naive root would make every gradient NaN."""
    torch.manual_seed(0)
    att = TripletAttention(6, 4)
    with torch.no_grad():
        att.affine_audio_2.bias.fill_(-1e3)
    found, _ = att(torch.rand(1, 2, 5, 6), torch.rand(1, 2, 4))
    found.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in att.parameters())


@torch.no_grad()
def test_heads_read_the_strongest_of_each_channel() -> None:
    torch.manual_seed(0)
    for supervision, outputs in (("full", 3), ("weak", 4)):
        heads = DMIN(DMINConfig(3, supervision, 4, 6)).localize_module  # type: ignore[arg-type]
        fused, visual = torch.randn(2, 5, DIM), torch.randn(2, 5, DIM)
        relevance, classes, extra = heads(fused, visual)
        torch.testing.assert_close(relevance, heads.classifier(fused)[..., 0])
        strongest = torch.stack([fused[:, t] for t in range(5)]).max(0).values
        torch.testing.assert_close(classes, heads.event_classifier(strongest))
        assert classes.shape == extra["visual_classes"].shape == (2, outputs)
        assert ("visual_relevance" in extra) == (supervision == "weak")


@pytest.mark.parametrize(
    ("options", "dropout"),
    [({}, 0.02), ({"supervision": "weak"}, 0.1), ({"decoder_dropout": 0.06}, 0.06)],
)
def test_decoders_dropout_is_the_released_one_unless_given(
    options: dict[str, object], dropout: float
) -> None:
    model = build("dmin", {**options, "audio_dim": 4, "map_channels": 6})
    layer = model.video_decoder.decoder["layers"][0]
    assert layer.dropout.p == layer.multihead_attn.dropout == dropout


def test_a_query_is_of_sound_or_of_sight() -> None:
    with pytest.raises(ValueError, match="query 'text' must be audio or visual"):
        DCMRConfig(query="text")  # type: ignore[arg-type]


def runs(*spans: tuple[int, int], length: int = 6) -> torch.Tensor:
    t = torch.arange(length)
    return torch.stack([(t >= start) & (t < end) for start, end in spans])


def test_dcmrs_loss_is_the_cross_entropy_of_the_searched_segments() -> None:
    torch.manual_seed(0)
    model = build("dcmr", {"audio_dim": 4, "map_channels": 6, "query": "visual"}).eval()
    audio, visual, events = torch.rand(2, 6, 4), torch.rand(2, 6, 6), runs((1, 3), (0, 5))
    p = torch.sigmoid(matched_relevance(model, audio, visual, events, "visual"))
    expected = -torch.where(events, p.log(), (1 - p).log()).mean()
    torch.testing.assert_close(model.loss(audio, visual, events), expected)


def test_a_query_as_long_as_the_video_multiplies_each_row_once() -> None:
    scalars = torch.rand(1, 6) + 0.5
    torch.testing.assert_close(compounded(scalars, runs((0, 6))), scalars)
    one = compounded(scalars, runs((2, 3)))
    torch.testing.assert_close(one, scalars[:, 2:3].expand(1, 6))


@torch.no_grad()
def test_masked_segments_enter_as_the_zeros_that_they_are() -> None:
    """The published model knows no mask: what stands in the place of padding counts."""
    torch.manual_seed(0)
    model = build("dmin", {"audio_dim": 4, "map_channels": 6}).eval()
    audio, visual_map = torch.rand(1, 6, 4), torch.rand(1, 6, 9, 6)
    mask = runs((0, 4))
    given = model(audio, Visual(visual_map, visual_map.mean(2)), mask)
    zeroed = visual_map * mask[..., None, None]
    other = model(audio * mask[..., None], Visual(zeroed, zeroed.mean(2)), mask)
    assert not torch.allclose(given.relevance[mask], other.relevance[mask], atol=1e-6)
    assert functional.mse_loss(given.classes, other.classes) > 0
