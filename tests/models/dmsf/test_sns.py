"""SNS: its equations out of its own layers, the scan both ways, and what each part sees."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from avel.models.dmsf.sns import SNS, FeedForward, SNSConfig, reversed_order

D, T = 8, 6


def make(**parts: bool) -> SNS:
    torch.manual_seed(0)
    return SNS(SNSConfig(D, 2, 0.1, **parts)).eval()


def inputs(B: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(B, T, D), torch.zeros(B, T, dtype=torch.bool)


@torch.no_grad()
def test_it_is_its_equations() -> None:
    """Written out with torch's own functions; attention as products of matrices."""
    sns, (x, padding) = make(), inputs()
    h = x + sns.mamba(functional.layer_norm(x, (D,), sns.norm_mamba.weight, sns.norm_mamba.bias))
    query = sns.norm_attention(h)
    attention = sns.attention
    q, k, v = functional.linear(query, attention.in_proj_weight, attention.in_proj_bias).chunk(
        3, -1
    )
    q, k, v = (part.view(2, T, 2, D // 2).transpose(1, 2) for part in (q, k, v))
    shares = (q @ k.transpose(-1, -2) / (D // 2) ** 0.5).softmax(-1)
    s = attention.out_proj((shares @ v).transpose(1, 2).flatten(2))
    h = h + torch.sigmoid(sns.gate(torch.cat([h, s], -1))) * s
    feed = sns.feed_forward
    hidden = functional.gelu(feed.layers[0](feed.norm_in(h)))
    expected = feed.norm_out(h + feed.layers[3](hidden))
    torch.testing.assert_close(sns(x, padding), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_both_ways_is_the_mean_of_two_scans() -> None:
    """The backward scan of a sequence is the forward scan of it turned around."""
    sns, (x, padding) = make(bidirectional=True, attention=False), inputs()
    normed = sns.norm_mamba(x)
    mean = (sns.mamba(normed) + sns.backward_mamba(normed.flip(1)).flip(1)) / 2
    torch.testing.assert_close(sns(x, padding), sns.feed_forward(x + mean))


@torch.no_grad()
@pytest.mark.parametrize(
    ("parts", "before", "after"),
    [
        ({"attention": False}, False, True),
        ({"attention": False, "bidirectional": True}, True, True),
        ({"mamba": False}, True, True),
        ({"mamba": False, "attention": False}, False, False),
    ],
)
def test_what_a_segment_sees(parts: dict[str, bool], before: bool, after: bool) -> None:
    """The scan sees the past, both ways and attention everything, the feed-forward itself alone."""
    sns, (x, padding) = make(**parts), inputs()
    changed = x.clone()
    changed[:, 3] = -changed[:, 3]
    a, b = sns(x, padding), sns(changed, padding)
    moved = (a - b).abs().amax((0, 2)) > 1e-6
    assert moved.tolist() == [before, before, before, True, after, after]


@torch.no_grad()
def test_without_the_gate_attention_is_added_whole() -> None:
    gated, plain = make(), make(gate=False)
    assert plain.gate is None
    plain.load_state_dict({k: v for k, v in gated.state_dict().items() if "gate" not in k})
    nn.init.zeros_(gated.gate.weight)
    nn.init.constant_(gated.gate.bias, 100.0)  # wide open
    x, padding = inputs()
    torch.testing.assert_close(gated(x, padding), plain(x, padding))
    nn.init.constant_(gated.gate.bias, -100.0)  # shut: as if there were no attention
    x_only = gated.feed_forward(x + gated.mamba(gated.norm_mamba(x)))
    torch.testing.assert_close(gated(x, padding), x_only)


@torch.no_grad()
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("length", [1, 4, 6])
def test_padding_changes_nothing(bidirectional: bool, length: int) -> None:
    sns, (x, padding) = make(bidirectional=bidirectional), inputs()
    padding[0, length:] = True
    alone = sns(x[:1, :length], padding[:1, :length])
    torch.testing.assert_close(sns(x, padding)[:1, :length], alone, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_order_is_turned_and_padding_stays_last(lengths: list[int]) -> None:
    padding = torch.arange(9) >= torch.tensor(lengths)[:, None]
    order = reversed_order(padding)
    for row, length in zip(order.tolist(), lengths, strict=True):
        assert row == [*reversed(range(length)), *range(length, 9)]
    twice = order.gather(1, order)
    assert (twice == torch.arange(9)).all()


@torch.no_grad()
def test_feed_forward_is_torchs_layers() -> None:
    torch.manual_seed(0)
    feed, x = FeedForward(D, 3, 0.5).eval(), torch.randn(2, T, D)
    inner = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 3 * D), nn.GELU(), nn.Linear(3 * D, D))
    inner[0], inner[1], inner[3] = feed.norm_in, feed.layers[0], feed.layers[3]
    torch.testing.assert_close(feed(x), feed.norm_out(x + inner(x)))
    torch.testing.assert_close(feed(x).mean(-1), torch.zeros(2, T), atol=1e-6, rtol=0)
    assert not torch.equal(feed.train()(x), feed.eval()(x))
