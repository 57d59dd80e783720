"""Heads of the single senses: by hand, and that no head learns from another's input."""

import torch

from avel.models.senses import SenseHeads

CHANNELS = {"audio": 4, "visual_map": 6, "visual": 5}
LABELS = torch.tensor([[2, 0, 2, 9]])
EVENT = LABELS < 3


def inputs() -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    shapes = (1, 4, 4), (1, 4, 7, 6), (1, 4, 5)
    return [torch.randn(shape, generator=g, requires_grad=True) for shape in shapes]


def test_heads_are_a_linear_layer_after_a_norm_and_the_map_answers_by_its_strongest() -> None:
    torch.manual_seed(0)
    heads = SenseHeads(CHANNELS, 3)
    audio, tokens, visual = inputs()
    expected = torch.zeros(())
    for name, x in (("audio", audio), ("visual_map", tokens.max(2).values), ("visual", visual)):
        x = x[0, :3]
        linear = heads.of[name][1]
        centred = x - x.mean(-1, keepdim=True)
        normed = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        logits = normed @ linear.weight.T + linear.bias
        expected = expected - (logits[range(3), LABELS[0, :3]] - logits.logsumexp(-1)).mean()
    torch.testing.assert_close(heads(audio, tokens, visual, LABELS, EVENT), expected)


def test_without_an_event_nothing_is_learned_but_every_parameter_takes_part() -> None:
    """Processes that train together wait for every parameter's gradient."""
    heads = SenseHeads(CHANNELS, 3)
    loss = heads(*inputs(), LABELS, EVENT & False)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is not None and not p.grad.any() for p in heads.parameters())


def test_what_an_encoder_does_not_have_has_no_head() -> None:
    heads = SenseHeads({**CHANNELS, "audio": 0}, 3)
    audio, tokens, visual = inputs()
    heads(audio[..., :0], tokens, visual, LABELS, EVENT).backward()
    assert set(heads.of) == {"visual_map", "visual"}
    assert audio.grad is None or not audio.grad.any()
    assert tokens.grad is not None
    assert tokens.grad.any()
