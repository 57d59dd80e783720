"""What CMRAN, DMIN and MAGAN share, against loops and torch's own layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from avel.models.published.dmin import DMIN, DMINConfig
from avel.models.published.interaction import (
    DIM,
    HEADS,
    CrossAttention,
    Decoder,
    DenseAttention,
    Encoder,
    Interaction,
    without_dead,
)


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


@torch.no_grad()
def test_dense_attention_hardly_hears_the_other_sense() -> None:
    """The extra 1 / d: the other modality's logits are flat, its segments share almost alike."""
    torch.manual_seed(0)
    attention = DenseAttention(0.0).eval()
    query, other = torch.randn(1, 3, DIM), torch.randn(1, 4, DIM)
    base = attention(query, other)
    assert not torch.allclose(base, attention(query, -other), atol=1e-3)
    turned = attention(query, other[:, [3, 1, 0, 2]])
    torch.testing.assert_close(base, turned, atol=1e-5, rtol=1e-4)  # a set, without positions


@torch.no_grad()
def test_cross_attention_is_torchs_over_both_sequences() -> None:
    torch.manual_seed(0)
    attention = CrossAttention(0.1).eval()
    plain = nn.MultiheadAttention(DIM, HEADS, batch_first=True)
    plain.load_state_dict(attention.state_dict())
    query, other = torch.randn(2, 3, DIM), torch.randn(2, 4, DIM)
    memory = torch.cat([other, query], 1)
    torch.testing.assert_close(attention(query, other), plain(query, memory, memory)[0])


def post_norm(x: torch.Tensor, mixed: torch.Tensor, layer: nn.Module) -> torch.Tensor:
    """The rest of a transformer layer after its attention."""
    x = layer.norm1(x + mixed)
    return layer.norm2(x + layer.linear2(layer.linear1(x).relu()))


@torch.no_grad()
def test_the_encoder_is_a_linear_layer_and_two_post_norm_layers() -> None:
    torch.manual_seed(0)
    encoder, x = Encoder(6, 16).eval(), torch.randn(2, 5, 6)
    expected = x @ encoder.affine_matrix.weight.T + encoder.affine_matrix.bias
    for layer in encoder.encoder.layers:
        mixed, _ = layer.self_attn(expected, expected, expected)
        expected = post_norm(expected, mixed, layer)
    torch.testing.assert_close(encoder(x), expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("dense", [False, True])
def test_the_decoder_is_one_layer_over_the_other_sequence_and_its_own(dense: bool) -> None:
    torch.manual_seed(0)
    decoder = Decoder(6, 16, dense=dense).eval()
    x, other = torch.randn(2, 5, 6), torch.randn(2, 5, DIM)
    query = x @ decoder.affine_matrix.weight.T + decoder.affine_matrix.bias
    layer = decoder.decoder["layers"][0]
    kind = DenseAttention if dense else CrossAttention
    assert isinstance(layer.multihead_attn, kind)
    expected = post_norm(query, layer.multihead_attn(query, other), layer)
    torch.testing.assert_close(decoder(x, other), expected, atol=1e-5, rtol=1e-4)


def test_the_decoders_layer_is_trained_and_saved_once() -> None:
    names = [name for name, _ in Decoder(6, 16).named_parameters()]
    assert len(names) == len(set(names)) == 14
    assert "decoder.layers.0.multihead_attn.in_proj_weight" in names


@torch.no_grad()
def test_interaction_is_its_equation() -> None:
    torch.manual_seed(0)
    interaction = Interaction(2, 0.1, "video_multihead").eval()
    x, y = torch.randn(2, 5, DIM), torch.randn(2, 5, DIM)
    g, memory = x * y, torch.cat([y, x], 1)
    mixed, _ = interaction.video_multihead(g, memory, memory)
    expected = functional.layer_norm(
        g + mixed, (DIM,), interaction.norm1.weight, interaction.norm1.bias
    )
    torch.testing.assert_close(interaction(x, y), expected, atol=1e-5, rtol=1e-4)
    assert {name.split(".")[0] for name in interaction.state_dict()} == {"video_multihead", "norm1"}


def test_dead_tensors_by_name() -> None:
    keep = {"a.encoder.layers.0.self_attn.in_proj_bias", "v.decoder.layers.0.linear1.weight", "x"}
    dead = {
        "a.encoder_layer.norm1.bias",
        "v.decoder_layer.self_attn.in_proj_bias",
        "v.decoder.layers.0.self_attn.out_proj.weight",
        "spatial_channel_att.affine_video_guided_2.weight",
    }
    tensors = {f"module.{name}": torch.zeros(1) for name in keep | dead}
    assert without_dead(tensors).keys() == keep
    assert without_dead({name: torch.zeros(1) for name in keep}).keys() == keep  # unwrapped
