"""What every model of the table keeps, whatever its authors did inside."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from avel.models.card import Card
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.models.losses import IGNORED, Targets
from avel.models.output import MASKED, LocalizationOutput, Visual
from avel.models.table import MATCHING, MODELS, build, loss_of, option_names

B, T, P, C, D, K = 3, 6, 49, 16, 8, 5
SIZES = {"num_classes": K, "audio_dim": D, "visual_dim": D, "map_channels": C}
DMSF = {"d_model": 8, "heads": 2, "agva_hidden": 8}


@dataclass(frozen=True)
class Case:
    """One model with some of its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.name, *(str(v) for v in self.options.values())])

    @cached_property
    def model(self) -> nn.Module:
        """In eval mode, with weights that no layer leaves at its zeros."""
        torch.manual_seed(0)
        return build(self.name, self.all_options).eval()

    @property
    def all_options(self) -> dict[str, Any]:
        own = {**SIZES, **(DMSF if self.name == "dmsf" else {}), **self.options}
        return {key: value for key, value in own.items() if key in option_names(self.name)}

    @property
    def outputs(self) -> int:
        """Classes that it tells apart: K, or K + 1 where background is one of them."""
        gated = self.name in ("dmsf", "dmin", "magan")
        return K + (gated and self.options.get("supervision") == "weak")

    @property
    def per_segment(self) -> bool:
        """Whether it names the class of each segment."""
        return self.name in ("av_att", "dmrn") or self.options.get("head") == "linear"


LOCALIZERS = [
    Case("dmsf"),
    Case("dmsf", {"supervision": "weak"}),
    Case("dmsf", {"head": "linear", "projection": False, "bidirectional": False}),
    Case("dmsf", {"agreement": True, "prediction": "pre"}),
    Case("dmsf", {"fusion": "concatenation", "alignment": "mean", "gate": False}),
    Case("av_att"),
    Case("av_att", {"position_bias": "paper"}),
    Case("dmrn"),
    Case("dmin"),
    Case("dmin", {"supervision": "weak"}),
    Case("magan"),
    Case("magan", {"supervision": "weak"}),
    Case("magan", {"mixing": "fixed"}),
]
MATCHERS = [Case("cmm"), Case("dcmr", {"query": "audio"}), Case("dcmr", {"query": "visual"})]


@pytest.fixture(params=LOCALIZERS, ids=str, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=MATCHERS, ids=str, scope="module")
def matcher(request: pytest.FixtureRequest) -> Case:
    return request.param  # type: ignore[no-any-return]


Inputs = tuple[Tensor, Visual, Tensor]


def inputs(seed: int = 0) -> Inputs:
    """Non-negative as features after a ReLU are; every segment exists."""
    g = torch.Generator().manual_seed(seed)
    visual = Visual(torch.rand(B, T, P, C, generator=g), torch.rand(B, T, D, generator=g))
    return torch.rand(B, T, D, generator=g), visual, torch.ones(B, T, dtype=torch.bool)


def rows(which: Any, given: Inputs) -> Inputs:
    audio, visual, mask = given
    return audio[which], Visual(visual.map[which], visual.embedding[which]), mask[which]


def short(given: Inputs, length: int) -> Inputs:
    """The second video ends after `length` segments."""
    mask = given[2].clone()
    mask[1, length:] = False
    return given[0], given[1], mask


def tensors(output: LocalizationOutput) -> Iterator[tuple[str, Tensor]]:
    """Everything that a model says, by name."""
    yield "relevance", output.relevance
    yield "classes", output.classes
    for name, branch in output.branches.items():
        yield f"{name}.relevance", branch.relevance
        yield f"{name}.classes", branch.classes
    yield from output.attention.items()
    yield from output.extra.items()


def same(a: LocalizationOutput, b: LocalizationOutput, tolerance: float = 1e-5) -> None:
    others = dict(tensors(b))
    for name, value in tensors(a):
        torch.testing.assert_close(
            value, others[name], atol=tolerance, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_every_model_of_the_table_has_a_case() -> None:
    assert {case.name for case in LOCALIZERS} == MODELS.keys()
    assert {case.name for case in MATCHERS} == MATCHING.keys()


@torch.no_grad()
def test_shapes(case: Case) -> None:
    output = case.model(*inputs())
    assert output.relevance.shape == (B, T)
    shape = (B, T, case.outputs) if case.per_segment else (B, case.outputs)
    assert output.classes.shape == shape
    assert output.attention["agva"].shape == (B, T, P)
    for weights in output.attention.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    for branch in output.branches.values():
        assert (branch.relevance.shape, branch.classes.shape) == ((B, T), shape)
    assert all(value.isfinite().all() for _, value in tensors(output))


@torch.no_grad()
def test_what_it_says_depends_on_both_senses(case: Case) -> None:
    """Not on zeros of the right shape: other sound or another picture gives other answers."""
    audio, visual, mask = inputs()
    other_audio, other_visual, _ = inputs(1)
    said = case.model(audio, visual, mask)
    for other in (
        case.model(other_audio, visual, mask),
        case.model(audio, other_visual, mask),
    ):
        assert not torch.allclose(said.relevance, other.relevance, atol=1e-6)
        assert not torch.allclose(said.classes, other.classes, atol=1e-6)


@torch.no_grad()
def test_relevance_of_masked_segments_is_MASKED(case: Case) -> None:
    output = case.model(*short(inputs(), 4))
    for relevance in (output.relevance, *(b.relevance for b in output.branches.values())):
        assert (relevance[1, 4:] == MASKED).all()
        assert (relevance[1, :4] > MASKED).all()
        assert (relevance[[0, 2]] > MASKED).all()


@torch.no_grad()
def test_padding_changes_nothing(case: Case) -> None:
    """DMSF reads the mask. The published models know none: it hides their answers, no more."""
    audio, visual, mask = short(inputs(), 4)
    padded = case.model(audio, visual, mask)
    if case.name == "dmsf":
        rubbish_audio, rubbish, _ = inputs(9)
        there = mask[..., None]
        other = case.model(
            torch.where(there, audio, 50 * rubbish_audio),
            Visual(
                torch.where(there[..., None], visual.map, 50 * rubbish.map),
                torch.where(there, visual.embedding, -50 * rubbish.embedding),
            ),
            mask,
        )
        cut = case.model(
            audio[1:2, :4], Visual(visual.map[1:2, :4], visual.embedding[1:2, :4]), mask[1:2, :4]
        )
        segments = cut.classes.ndim == 3
        torch.testing.assert_close(padded.relevance, other.relevance, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(padded.relevance[1:2, :4], cut.relevance, atol=1e-5, rtol=1e-4)
        found = padded.classes[1:2, :4] if segments else padded.classes[1:2]
        torch.testing.assert_close(found, cut.classes, atol=1e-5, rtol=1e-4)
        found = other.classes[1:2, :4] if segments else other.classes[1:2]
        torch.testing.assert_close(found, cut.classes, atol=1e-5, rtol=1e-4)
    else:
        whole = case.model(audio, visual, torch.ones_like(mask))
        torch.testing.assert_close(padded.relevance[mask], whole.relevance[mask])
        torch.testing.assert_close(padded.classes, whole.classes)


@torch.no_grad()
def test_a_video_alone_is_a_video_among_others(case: Case) -> None:
    """Unless the model says that it mixes the videos of a batch, and then it does."""
    given = short(inputs(), 4)
    together = case.model(*given)
    for row in range(B):
        alone = case.model(*rows(slice(row, row + 1), given))
        if case.model.mixes_videos:
            assert not torch.allclose(together.classes[row : row + 1], alone.classes, atol=1e-5)
        else:
            torch.testing.assert_close(
                together.relevance[row : row + 1], alone.relevance, atol=1e-5, rtol=1e-4
            )
            torch.testing.assert_close(
                together.classes[row : row + 1], alone.classes, atol=1e-5, rtol=1e-4
            )


@torch.no_grad()
def test_everything_is_made_on_the_device_of_its_inputs(case: Case) -> None:
    """Needs no GPU to see: what names no device in a call is made on one that holds nothing."""
    given = short(inputs(), 4)
    expected = case.model(*given)
    with torch.device("meta"):
        found = case.model(*given)
    same(found, expected)  # not to the bit: attention has a fast way that the context switches off


def test_losses_are_on_the_device_of_the_output(case: Case) -> None:
    supervision = case.options.get("supervision", "full")
    given = inputs()
    output = case.model(*given)
    videos, mask = torch.arange(B), given[2]
    targets = Targets(videos[:, None].expand(B, T), videos, mask, ~mask, torch.full((B,), IGNORED))
    for corrected in (False, True):
        loss = loss_of(case.name, supervision, corrected=corrected)
        expected = loss(output, targets, 1.0)
        with torch.device("meta"):
            assert torch.equal(loss(output, targets, 1.0), expected)


@pytest.mark.needs_cuda
@pytest.mark.usefixtures("exact")
@torch.no_grad()
def test_the_gpu_says_the_same(case: Case) -> None:
    here, (audio, visual, mask) = case.model(*inputs()), inputs()
    seen = Visual(visual.map.cuda(), visual.embedding.cuda())
    there = dict(tensors(deepcopy(case.model).cuda()(audio.cuda(), seen, mask.cuda())))
    for name, value in tensors(here):
        torch.testing.assert_close(there[name].cpu(), value, atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_the_order_of_a_batch_does_not_matter(case: Case) -> None:
    given, order = short(inputs(), 4), torch.tensor([2, 0, 1])
    turned = dict(tensors(case.model(*rows(order, given))))
    for name, value in tensors(case.model(*given)):
        torch.testing.assert_close(
            value[order], turned[name], atol=1e-5, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_gradients_reach_every_parameter(case: Case) -> None:
    """Parameters that no output depends on are left out of our models."""
    torch.manual_seed(1)
    model = build(case.name, case.all_options).eval()
    output = model(*inputs())
    total = torch.zeros(())
    for _, value in tensors(output._replace(attention={})):
        total = total + (value * torch.rand(value.shape)).sum()
    total.backward()
    unreached = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert unreached == []


@torch.no_grad()
def test_it_answers_the_same_again(case: Case) -> None:
    given = inputs()
    first, second = dict(tensors(case.model(*given))), dict(tensors(case.model(*given)))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@torch.no_grad()
def test_a_checkpoint_gives_the_same_model(case: Case, tmp_path: Path) -> None:
    path, names = tmp_path / "model.safetensors", tuple(f"class {i}" for i in range(K))
    card = Card(case.name, case.all_options, names, T, {"stage": "features"})
    save_checkpoint(path, card, case.model, {"visual.threshold": torch.tensor(2.0)})
    read, model, extra = load_checkpoint(path)
    assert read == card
    assert extra == {"visual.threshold": torch.tensor(2.0)}
    assert not model.training
    assert model.mixes_videos == case.model.mixes_videos
    own = case.model.state_dict()
    assert list(own) == list(model.state_dict())
    assert all(torch.equal(own[name], value) for name, value in model.state_dict().items())
    given = inputs()
    same(case.model(*given), model(*given), tolerance=0)


def test_unknown_options_are_refused_with_those_there_are(case: Case) -> None:
    with pytest.raises(ValueError, match=rf"{case.name} has no option 'layers'; it has num_classe"):
        build(case.name, {**case.all_options, "layers": 3})


@pytest.mark.parametrize("each", [*LOCALIZERS, *MATCHERS], ids=str)
def test_only_magan_as_released_mixes_videos(each: Case) -> None:
    legacy = each.name == "magan" and each.options.get("mixing") != "fixed"
    assert each.model.mixes_videos is legacy


# The models that answer queries.


def queries() -> tuple[Tensor, Tensor, Tensor]:
    """Sound (B, T, D), pooled picture (B, T, C or D) and one run of query segments per video."""
    g = torch.Generator().manual_seed(3)
    events = torch.tensor([[0, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1]]).bool()
    return torch.rand(B, T, D, generator=g), torch.rand(B, T, C, generator=g), events


def asked(matcher: Case) -> tuple[Tensor, Tensor, Tensor]:
    audio, visual, events = queries()
    return audio, visual[..., :D] if matcher.name == "cmm" else visual, events


@torch.no_grad()
def test_windows_that_do_not_fit_have_no_score(matcher: Case) -> None:
    audio, visual, events = asked(matcher)
    found = matcher.model.windows(audio, visual, events)
    directions = {"cmm": {"a2v", "v2a"}, "dcmr": {"a2v"}}[matcher.name]
    assert set(found) == ({"v2a"} if matcher.options.get("query") == "visual" else directions)
    fits = torch.arange(T) <= T - events.sum(1, keepdim=True)
    for scores in found.values():
        assert scores.shape == (B, T)
        assert scores[fits].isfinite().all()
        assert (scores[~fits] == float("-inf")).all()


@torch.no_grad()
def test_a_query_alone_is_a_query_among_others(matcher: Case) -> None:
    audio, visual, events = asked(matcher)
    together = matcher.model.windows(audio, visual, events)
    order = torch.tensor([2, 0, 1])
    turned = matcher.model.windows(audio[order], visual[order], events[order])
    for way, scores in together.items():
        torch.testing.assert_close(scores[order], turned[way], atol=1e-5, rtol=1e-4)
        for row in range(B):
            alone = matcher.model.windows(*(x[row : row + 1] for x in (audio, visual, events)))
            torch.testing.assert_close(alone[way], scores[row : row + 1], atol=1e-5, rtol=1e-4)


UNUSED = ("v_fc.", "spatial_channel_att.", "AVInter.", "localize_module.event_")
"""Of DMIN, by DCMR: pictures come pooled, and no event is named. Reference 2.7."""


def test_the_loss_teaches_every_parameter_that_answers(matcher: Case) -> None:
    torch.manual_seed(0)
    model = build(matcher.name, matcher.all_options).eval()
    model.loss(*asked(matcher)).backward()
    unreached = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    expected = {n for n, _ in model.named_parameters() if n.startswith(UNUSED)}
    assert unreached == (expected if matcher.name == "dcmr" else set())


@torch.no_grad()
def test_windows_are_made_on_the_device_of_the_features(matcher: Case) -> None:
    given = asked(matcher)
    expected = matcher.model.windows(*given)
    with torch.device("meta"):
        found = matcher.model.windows(*given)
        matcher.model.loss(*given)
    for way, scores in expected.items():
        torch.testing.assert_close(found[way], scores, atol=1e-5, rtol=1e-4)


@pytest.mark.needs_cuda
@pytest.mark.usefixtures("exact")
@torch.no_grad()
def test_a_matcher_on_the_gpu_says_the_same(matcher: Case) -> None:
    given = asked(matcher)
    there = deepcopy(matcher.model).cuda().windows(*(value.cuda() for value in given))
    for way, scores in matcher.model.windows(*given).items():
        torch.testing.assert_close(there[way].cpu(), scores, atol=1e-4, rtol=1e-3)
