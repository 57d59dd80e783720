"""DMSF and its losses: invariants that a wrong wiring would break."""

import pytest
import torch
from torch.nn import functional

from avel.models.dmsf.dmsf import DMSFConfig, agreement
from avel.models.losses import (
    IGNORED,
    Targets,
    full_loss,
    mutual_loss,
    video_relevance,
    weak_loss,
)
from avel.models.output import Branch, LocalizationOutput, Visual
from avel.models.table import build

SMALL = {
    "d_model": 16,
    "heads": 4,
    "audio_dim": 8,
    "visual_dim": 8,
    "map_channels": 12,
    "num_classes": 5,
    "agva_hidden": 8,
}


def inputs(B: int = 3, T: int = 10) -> tuple[torch.Tensor, Visual, torch.Tensor]:
    g = torch.Generator().manual_seed(B)
    visual = Visual(torch.randn(B, T, 49, 12, generator=g), torch.randn(B, T, 8, generator=g))
    return torch.randn(B, T, 8, generator=g), visual, torch.ones(B, T, dtype=torch.bool)


@pytest.mark.parametrize("supervision", ["full", "weak"])
def test_shapes(supervision: str) -> None:
    output = build("dmsf", {**SMALL, "supervision": supervision}).eval()(*inputs())
    assert output.relevance.shape == (3, 10)
    assert output.classes.shape == (3, 5 if supervision == "full" else 6)
    assert {k: tuple(v.shape) for k, v in output.attention.items()} == {
        "agva": (3, 10, 49),
        "visual_to_audio": (3, 10, 10),
        "audio_to_visual": (3, 10, 10),
    }
    for weights in output.attention.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))


def test_a_sample_does_not_depend_on_its_batch() -> None:
    model = build("dmsf", SMALL).eval()
    audio, visual, mask = inputs(4)
    with torch.no_grad():
        together = model(audio, visual, mask)
        alone = model(audio[1:2], Visual(visual.map[1:2], visual.embedding[1:2]), mask[1:2])
    torch.testing.assert_close(together.relevance[1:2], alone.relevance, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.classes[1:2], alone.classes, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(bidirectional: bool) -> None:
    """Seven segments alone, and the same seven followed by three of rubbish marked as padding."""
    model = build("dmsf", {**SMALL, "bidirectional": bidirectional}).eval()
    audio, visual, mask = inputs(2)
    mask = mask.clone()
    mask[:, 7:] = False
    with torch.no_grad():
        padded = model(audio, visual, mask)
        cut = model(audio[:, :7], Visual(visual.map[:, :7], visual.embedding[:, :7]), mask[:, :7])
    torch.testing.assert_close(padded.relevance[:, :7], cut.relevance, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(padded.classes, cut.classes, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("modality", ["audio", "visual"])
def test_a_blinded_model_sees_one_modality_only(modality: str) -> None:
    model = build("dmsf", {**SMALL, "modalities": modality}).eval()
    audio, visual, mask = inputs()
    other_audio, other_visual = -audio, Visual(-visual.map, -visual.embedding)
    with torch.no_grad():
        base = model(audio, visual, mask).relevance
        same = (
            model(audio, other_visual, mask)
            if modality == "audio"
            else model(other_audio, visual, mask)
        )
        other = (
            model(other_audio, visual, mask)
            if modality == "audio"
            else model(audio, other_visual, mask)
        )
    torch.testing.assert_close(base, same.relevance)
    assert not torch.allclose(base, other.relevance)


def test_agva_finds_the_position_that_sounds() -> None:
    """Taught to copy the one position that matches the sound, attention goes there."""
    from avel.models.attention import AudioGuidedAttention

    torch.manual_seed(0)
    module = AudioGuidedAttention(8, 8, 32, 16)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    codes = torch.eye(8)
    for _ in range(300):
        order = torch.stack([torch.randperm(8) for _ in range(64)])
        sound = torch.randint(0, 8, (64,))
        visual, where = codes[order][:, None], (order == sound[:, None]).float().argmax(1)
        _, weights = module(visual, codes[sound][:, None])
        loss = functional.nll_loss(weights[:, 0].log(), where)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (weights[:, 0].argmax(1) == where).float().mean() > 0.95


def output_of(relevance: torch.Tensor, classes: torch.Tensor) -> LocalizationOutput:
    branch = Branch(relevance, classes)
    return LocalizationOutput(relevance, classes, {"S": branch, "C": branch}, {})


def test_full_loss_is_the_sum_of_its_equation() -> None:
    relevance, classes = torch.randn(2, 4), torch.randn(2, 5)
    segments = torch.tensor([[5, 1, 1, 5], [5, 5, 5, 5]])
    targets = Targets(
        segments,
        torch.tensor([1, 3]),
        torch.ones(2, 4, dtype=torch.bool),
        torch.zeros(2, 4, dtype=torch.bool),
        torch.full((2,), IGNORED),
    )
    event = (segments < 5).float()
    # the second video has no event: it teaches relevance, not class
    one = functional.binary_cross_entropy_with_logits(relevance, event) + functional.cross_entropy(
        classes[:1], torch.tensor([1])
    )
    torch.testing.assert_close(full_loss(output_of(relevance, classes), targets, 1.0), 2 * one)


def test_agreement_is_the_cosine_and_teaches_no_encoder() -> None:
    visual = torch.randn(2, 3, 8, requires_grad=True)
    audio = torch.randn(2, 3, 8, requires_grad=True)
    found = agreement(visual, audio)
    torch.testing.assert_close(found.mean(-1), functional.cosine_similarity(visual, audio, dim=-1))
    assert not found.requires_grad
    with pytest.raises(
        ValueError, match=r"visual_dim is 512 and audio_dim 128; use agreement=false"
    ):
        DMSFConfig(agreement=True, visual_dim=512)
    sizes = {"d_model": 16, "heads": 2, "map_channels": 32, "audio_dim": 8, "visual_dim": 8}
    with_it, without = (build("dmsf", {**sizes, "agreement": on}) for on in (True, False))
    assert {k for k in with_it.state_dict() if k not in without.state_dict()} == {
        "agreement_in.weight",
        "agreement_in.bias",
    }
    with_it.eval()
    inputs = Visual(torch.rand(2, 3, 49, 32), visual.detach())
    mask = torch.ones(2, 3, dtype=torch.bool)
    before = with_it(audio.detach(), inputs, mask).relevance
    with torch.no_grad():
        with_it.agreement_in.weight.zero_()
    assert not torch.allclose(with_it(audio.detach(), inputs, mask).relevance, before)


def test_weak_loss_reads_video_labels_only() -> None:
    relevance, classes = torch.randn(2, 6), torch.randn(2, 6)
    mask = torch.ones(2, 6, dtype=torch.bool)
    video, none = torch.tensor([2, 5]), torch.full((2,), IGNORED)
    losses = [
        weak_loss(output_of(relevance, classes), Targets(segments, video, mask, ~mask, none), 1.0)
        for segments in (torch.zeros(2, 6, dtype=torch.long), torch.full((2, 6), 5))
    ]
    torch.testing.assert_close(losses[0], losses[1])


def test_video_relevance_is_the_mean_of_the_best_two() -> None:
    branch = Branch(torch.tensor([[1.0, 3.0, 2.0, -9.0]]), torch.zeros(1, 2))
    every = torch.ones(1, 4, dtype=torch.bool)
    assert video_relevance(branch, every).tolist() == [2.5]
    assert video_relevance(branch, torch.tensor([[True, False, False, False]])).tolist() == [1.0]


def test_mutual_loss_is_zero_for_equal_branches_and_teaches_both() -> None:
    mask = torch.ones(2, 4, dtype=torch.bool)
    s = Branch(torch.randn(2, 4, requires_grad=True), torch.randn(2, 5, requires_grad=True))
    same = Branch(s.relevance.detach(), s.classes.detach())
    assert mutual_loss({"S": s, "C": same}, mask).item() == pytest.approx(0, abs=1e-6)
    c = Branch(torch.randn(2, 4, requires_grad=True), torch.randn(2, 5, requires_grad=True))
    loss = mutual_loss({"S": s, "C": c}, mask)
    assert loss.item() > 0.01
    loss.backward()
    for leaf in (*s, *c):
        assert leaf.grad is not None
        assert leaf.grad.abs().max() > 0


def test_unknown_names_are_listed() -> None:
    with pytest.raises(ValueError, match="no model 'dmfs'; there are dmsf"):
        build("dmfs", {})
    with pytest.raises(
        ValueError, match=r"dmsf has no option 'layers'; it has num_classes, .*heads"
    ):
        build("dmsf", {"layers": 3})
    with pytest.raises(ValueError, match=r"d_model \(30\) must be a multiple of heads \(8\)"):
        DMSFConfig(d_model=30)
