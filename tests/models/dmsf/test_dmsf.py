"""DMSF: how its parts are wired, its heads, and the options that do not go together."""

import pytest
import torch
from torch.nn import functional

from avel.models.dmsf.dmsf import DMSFConfig, Head, LinearHead, agreement
from avel.models.output import MASKED, Visual
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


def test_unknown_names_are_listed() -> None:
    with pytest.raises(ValueError, match="no model 'dmfs'; there are dmsf"):
        build("dmfs", {})
    with pytest.raises(
        ValueError, match=r"dmsf has no option 'layers'; it has num_classes, .*heads"
    ):
        build("dmsf", {"layers": 3})
    with pytest.raises(ValueError, match=r"d_model \(30\) must be a multiple of heads \(8\)"):
        DMSFConfig(d_model=30)


# Heads.


@torch.no_grad()
def test_the_pooled_head_is_its_equation() -> None:
    """Mean and product of the streams; the class from the segments as far as they are relevant."""
    torch.manual_seed(0)
    head = Head(4, 3)
    v, a, mask = torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.ones(2, 5).bool()
    mask[1, 3:] = False
    relevance, classes = head(v, a, mask)
    for b, length in ((0, 5), (1, 3)):
        pooled = torch.full((8,), float("-inf"))
        for t in range(length):
            m = torch.cat([(v[b, t] + a[b, t]) / 2, v[b, t] * a[b, t]])
            r = head.relevance.weight[0] @ m + head.relevance.bias[0]
            torch.testing.assert_close(relevance[b, t], r)
            pooled = torch.maximum(pooled, m * torch.sigmoid(r))
        torch.testing.assert_close(classes[b], head.classes.weight @ pooled + head.classes.bias)
    assert (relevance[1, 3:] == MASKED).all()


def test_the_class_does_not_teach_what_is_relevant() -> None:
    """Else a segment could become an event to make its video's class likelier."""
    torch.manual_seed(0)
    head = Head(4, 3)
    head(
        torch.randn(1, 5, 4), torch.randn(1, 5, 4), torch.ones(1, 5).bool()
    ).classes.sum().backward()
    assert head.relevance.weight.grad is None


@torch.no_grad()
def test_the_linear_head_is_two_linear_layers() -> None:
    torch.manual_seed(0)
    head = LinearHead(4, 3)
    v, a, mask = torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.ones(2, 5).bool()
    mask[0, 4] = False
    scores = v @ head.visual.weight.T + head.visual.bias + a @ head.audio.weight.T + head.audio.bias
    relevance, classes = head(v, a, mask)
    torch.testing.assert_close(classes, scores[..., :3])
    background = 1 - torch.sigmoid(relevance)
    torch.testing.assert_close(background[mask], scores.softmax(-1)[..., 3][mask])
    assert relevance[0, 4] == MASKED
    assert sum(p.numel() for p in head.parameters()) == 2 * (4 * 4 + 4)


# What DMSF (2025) describes, without ours.

PAPER = {**SMALL, "d_model": 8, "projection": False, "head": "linear", "bidirectional": False}


@torch.no_grad()
def test_without_projections_the_streams_are_the_encoders_vectors() -> None:
    model = build("dmsf", PAPER).eval()
    names = {name.split(".")[0] for name, _ in model.named_parameters()}
    assert names == {
        "agva", "norm_map", "map_in", "visual_in", "audio_in", "visual_sns", "audio_sns", "cic", "heads",
    }  # fmt: skip
    assert set(model.visual_in.state_dict()) == {"weight", "bias"}
    assert model.visual_in.weight.shape == (8,)
    audio, visual, _ = inputs()
    v, a, weights = model._streams(audio, visual)
    torch.testing.assert_close(a, functional.layer_norm(audio, (8,)))
    attended = torch.einsum("btp,btpc->btc", weights, visual.map)
    mapped = model.map_in(functional.layer_norm(attended, (12,)))
    torch.testing.assert_close(
        v - mapped, functional.layer_norm(visual.embedding, (8,)), atol=1e-5, rtol=1e-5
    )


@torch.no_grad()
def test_its_answer_is_the_refined_branchs_softmax_over_classes_and_background() -> None:
    model = build("dmsf", PAPER).eval()
    output = model(*inputs())
    assert output.classes.shape == (3, 10, 5)
    assert torch.equal(output.classes, output.branches["C"].classes)
    before = build("dmsf", {**PAPER, "prediction": "pre"}).eval()
    before.load_state_dict(model.state_dict())
    assert torch.equal(before(*inputs()).classes, output.branches["S"].classes)


@pytest.mark.parametrize("name", ["head", "projection"])
def test_the_new_options_change_nothing_unless_asked(name: str) -> None:
    default = {"head": "pooled", "projection": True}[name]
    plain, asked = build("dmsf", SMALL), build("dmsf", {**SMALL, name: default})
    assert list(plain.state_dict()) == list(asked.state_dict())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"projection": False, "d_model": 64},
            r"but d_model is 64, audio_dim 128 and visual_dim 128; make d_model that width",
        ),
        (
            {"projection": False, "visual_dim": 512},
            r"d_model is 128, audio_dim 128 and visual_dim 512; .* or use projection=true",
        ),
        (
            {"head": "linear", "supervision": "weak"},
            "head 'linear' learns from labels of segments, which weak supervision does not have; "
            "use head=pooled",
        ),
        ({"head": "deep"}, "head 'deep' is none of pooled, linear"),
        ({"fusion": "sum"}, "fusion 'sum' is none of cic, concatenation"),
        ({"alignment": "max"}, "alignment 'max' is none of agva, mean"),
        ({"prediction": "both"}, "prediction 'both' is none of post, pre"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DMSFConfig(**options)  # type: ignore[arg-type]


@torch.no_grad()
def test_mean_alignment_shows_even_weights() -> None:
    model = build("dmsf", {**SMALL, "alignment": "mean"}).eval()
    audio, visual, mask = inputs()
    weights = model(audio, visual, mask).attention["agva"]
    torch.testing.assert_close(weights, torch.full((3, 10, 49), 1 / 49))
    moved = Visual(visual.map[:, :, torch.randperm(49)], visual.embedding)
    torch.testing.assert_close(
        model(audio, moved, mask).relevance, model(audio, visual, mask).relevance
    )


def test_dropout_of_features_is_training_alone() -> None:
    model = build("dmsf", {**SMALL, "dropout": 0.0, "feature_dropout": 0.5})
    given = inputs()
    torch.manual_seed(0)
    first = model.train()(*given).relevance
    assert not torch.equal(first, model(*given).relevance)
    quiet = build("dmsf", {**SMALL, "dropout": 0.0, "feature_dropout": 0.0}).train()
    assert torch.equal(quiet(*given).relevance, quiet(*given).relevance)
