"""MAGAN against its authors' outputs, and its parts by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from avel.models.published.interaction import DIM
from avel.models.published.magan import (
    MAGAN,
    MAGANConfig,
    SightFromSound,
    SoundFromSight,
    published_tensors,
    top_mean,
)
from tests.models.published.golden import close, filled, inputs


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


def test_magans_published_names_load() -> None:
    model = MAGAN(MAGANConfig())
    named = {f"module.{k}": v.double() for k, v in model.state_dict().items()}
    dead = ("v_fc.weight", "visual_norm.bias", "audio_spatial_channel_att.affine_audio_a3.bias")
    dead += ("visual_encoder.encoder_layer.norm1.weight",)
    model.load_state_dict(
        published_tensors({**named, **{f"module.{name}": torch.zeros(1) for name in dead}})
    )


SMALL = {"num_classes": 3, "audio_dim": 8, "map_channels": 12}


def small(**options: object) -> MAGAN:
    torch.manual_seed(0)
    return MAGAN(MAGANConfig(**{**SMALL, **options})).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1, 3, 4, 6])
def test_top_mean_is_of_the_highest_four(length: int) -> None:
    scores = torch.randn(2, length, 3)
    for b in range(2):
        for k in range(3):
            best = sorted(scores[b, :, k].tolist())[-4:]
            assert top_mean(scores)[b, k].item() == pytest.approx(sum(best) / len(best), rel=1e-5)


def gate_of(part: nn.Module, V: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """Reference 2.8 point 3, of one segment: V (P, C) and a (D,)."""
    heard = part.affine_audio_channel(a).relu()
    J = torch.stack([part.affine_visual_channel(v).relu() * heard for v in V])
    j = torch.cat([J.mean(0), J.max(0).values])
    return torch.sigmoid(part.affine_channel_att(part.affine_channel_bottleneck(j).relu()))


@torch.no_grad()
def test_sight_from_sound_segment_by_segment() -> None:
    torch.manual_seed(0)
    part, V, a = SightFromSound(12, 8), torch.rand(1, 2, 5, 12), torch.rand(1, 2, 8)
    part.beta.copy_(torch.tensor([0.3, 0.8]))
    found, weights = part(V, a)
    for t in range(2):
        m = gate_of(part, V[0, t], a[0, t])
        Vc = V[0, t] * (1 + m)
        q = part.affine_visual_v1(torch.cat([Vc.mean(0), Vc.max(0).values])).relu()
        k = part.affine_visual_v2(V[0, t]).relu()
        f1 = torch.tanh(part.affine_v_s_att(k * q)).softmax(0).T @ Vc
        q, k = part.affine_audio_a1(a[0, t]).relu(), part.affine_visual_v3(Vc).relu()
        alpha = torch.tanh(part.affine_a_s_att(k * q)).softmax(0)
        f2 = alpha.T @ Vc
        expected = f1 + 0.3 * torch.sigmoid(f2) * f1 + f2 + 0.8 * torch.sigmoid(f1) * f2
        torch.testing.assert_close(found[0, t], expected[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(weights[0, t], alpha[:, 0], atol=1e-6, rtol=1e-4)


@torch.no_grad()
def test_sound_from_sight_is_two_attentions_over_one_element() -> None:
    """Each is the gated sound itself, so what is released has a closed form."""
    torch.manual_seed(0)
    part, V, a = SoundFromSight(12, 8), torch.rand(1, 2, 5, 12), torch.rand(1, 2, 8)
    part.beta.copy_(torch.tensor([0.3, 0.8]))
    found = part(V, a)
    for t in range(2):
        f = part.affine_audio_channel(a[0, t]).relu() * (1 + gate_of(part, V[0, t], a[0, t]))
        both = f + 0.3 * torch.sigmoid(f) * f + f + 0.8 * torch.sigmoid(f) * f
        torch.testing.assert_close(found[0, t], both, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_channel_gate_is_what_both_have_in_common() -> None:
    torch.manual_seed(0)
    part, V, a = SightFromSound(12, 8), torch.rand(2, 3, 5, 12), torch.rand(2, 3, 8)
    gate = part.gate(V, a)
    for b in range(2):
        for t in range(3):
            torch.testing.assert_close(gate[b, t], gate_of(part, V[b, t], a[b, t]))
    nn.init.constant_(part.affine_audio_channel.bias, -1e4)  # silence: every gate is the same
    quiet = part.gate(V, a)
    torch.testing.assert_close(quiet, quiet[:1, :1].expand_as(quiet))


@torch.no_grad()
@pytest.mark.parametrize("mixing", ["legacy", "fixed"])
def test_which_axis_the_first_attention_runs_over(mixing: str) -> None:
    """Fixed: seconds of a video, positions of a map. Released: videos, and segments of all."""
    model = small(mixing=mixing)
    visual_map, audio = torch.rand(2, 3, 4, 12), torch.rand(2, 3, 8)
    sight, sound = model._attend_to_self(visual_map, audio)
    changed = audio.clone()
    changed[0, 0] = -changed[0, 0]
    moved = (model._attend_to_self(visual_map, changed)[1] - sound).abs().amax(-1) > 1e-7
    time_of_one, videos_of_one = [[True] * 3, [False] * 3], [[True, False, False]] * 2
    assert moved.tolist() == (time_of_one if mixing == "fixed" else videos_of_one)
    changed = visual_map.clone()
    changed[0, 0, 0] = -changed[0, 0, 0]
    moved = (model._attend_to_self(changed, audio)[0] - sight).abs().amax(-1) > 1e-7
    if mixing == "fixed":
        assert moved[0, 0].all()
        assert moved.sum() == 4
    else:
        assert moved[:, :, 0].all()
        assert moved.sum() == 6


@torch.no_grad()
def test_self_attention_is_torchs_with_one_norm_used_twice() -> None:
    model = small(mixing="fixed")
    audio = torch.rand(2, 3, 8)
    x = model.self_att_audio_norm(audio)
    plain = nn.MultiheadAttention(8, 4, batch_first=True)
    plain.load_state_dict(model.audio_self_attention.state_dict())
    mixed = model.self_att_audio_norm(x + plain(x, x, x)[0])
    expected = model.self_att_audio_mlp[0](mixed).relu()
    found = model._attend_to_self(torch.rand(2, 3, 4, 12), audio)[1]
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


@torch.no_grad()
def test_gates_of_both_senses() -> None:
    """Reference 2.8 point 7, from the decoders' sequences on."""
    model = small(alpha=0.3)
    visual_q, audio_q, visual_kv, audio_kv = torch.randn(4, 2, 5, DIM)
    relevance, classes, extra = model._full(visual_q, audio_q, visual_kv, audio_kv)
    v = model.AVInter(visual_q, audio_q)
    a = model.VAInter(audio_q, v)  # of the updated sight
    g_a = torch.sigmoid(model.audio_gated.fc(audio_kv))
    g_v = torch.sigmoid(model.visual_gated.fc(visual_kv))
    torch.testing.assert_close(extra["unimodal_gates"], (g_a + g_v)[..., 0])
    v_u, a_u = 0.7 * v + 0.3 * g_a * v, 0.7 * a + 0.3 * g_v * a
    scores = top_mean(model.visual_cas(v_u)) + top_mean(model.audio_cas(a_u))
    torch.testing.assert_close(extra["unimodal_scores"], scores.softmax(-1))
    joint = model.global_av_gate
    mm = torch.sigmoid(joint.fc2(joint.fc1(torch.cat([v, a], -1)).relu()))
    fused = mm * v + (1 - mm) * a
    torch.testing.assert_close(extra["multimodal_gates"], mm[..., 0])
    torch.testing.assert_close(
        extra["multimodal_scores"], top_mean(model.global_gate_cas(fused)).softmax(-1)
    )
    torch.testing.assert_close(relevance, model.localize_module["classifier"](fused)[..., 0])
    torch.testing.assert_close(
        classes, model.localize_module["event_classifier"](fused.max(1).values)
    )


@torch.no_grad()
def test_weak_gates_come_before_the_interaction_and_cross() -> None:
    model = small(supervision="weak", alpha=0.3)
    visual_q, audio_q = torch.randn(2, 2, 5, DIM)
    relevance, classes, extra = model._weak(visual_q, audio_q)
    g_a = torch.sigmoid(model.audio_gated.fc(visual_q))
    g_v = torch.sigmoid(model.visual_gated.fc(audio_q))
    v = model.AVInter(visual_q, audio_q)
    a = model.VAInter(audio_q, v)
    mm = model.global_av_gate(torch.cat([v, a], -1))
    torch.testing.assert_close(extra["gates"], (torch.sigmoid(g_a * g_v) * mm)[..., 0])
    scores = top_mean(model.visual_cas((0.7 + 0.3 * g_a) * visual_q))
    scores = scores * top_mean(model.audio_cas((0.7 + 0.3 * g_v) * audio_q))
    fused = mm * v + (1 - mm) * a
    mm_scores = top_mean(model.global_gate_cas(fused)).softmax(-1)
    torch.testing.assert_close(extra["gate_scores"], scores.softmax(-1) * mm_scores)
    named = model.localize_module["event_classifier"](fused.max(1).values)
    events = (torch.sigmoid(relevance)[..., None] * named[:, None]).max(1).values.softmax(-1)
    torch.testing.assert_close(extra["events"], events)
    torch.testing.assert_close(classes.exp(), events + extra["gate_scores"])


def test_the_released_state_has_tensors_that_nothing_uses() -> None:
    unused = {"v_fc.bias", "visual_norm.weight", "audio_spatial_channel_att.affine_v_s_att.weight"}
    used = {"audio_spatial_channel_att.beta", "visual_spatial_channel_att.affine_v_s_att.weight"}
    given = {f"module.{name}": torch.zeros(1) for name in unused | used}
    assert published_tensors(given).keys() == used
