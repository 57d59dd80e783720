"""The published losses against their formulas in numpy, and what correcting them changes."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from avel.models.losses import IGNORED, Targets, class_loss
from avel.models.output import LocalizationOutput, Visual
from avel.models.published.losses import gated_events
from avel.models.table import LOSSES, MODELS, build, loss_of, option_names

B, T, K = 3, 4, 5
SEGMENTS = torch.tensor([[K, 1, 1, K], [2, 2, 2, 2], [K, K, 0, K]])
VIDEOS = torch.tensor([1, 2, 0])
MASK = torch.ones(B, T, dtype=torch.bool)
TARGETS = Targets(SEGMENTS, VIDEOS, MASK, ~MASK, torch.full((B,), IGNORED))
EVENT = (SEGMENTS < K).float().numpy()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def bce(logits: np.ndarray, y: np.ndarray) -> float:
    p = sigmoid(logits)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def ce(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(softmax(logits)[np.arange(len(labels)), labels]).mean())


def output(classes: int, extra: dict[str, torch.Tensor]) -> LocalizationOutput:
    torch.manual_seed(1)
    return LocalizationOutput(torch.randn(B, T), torch.randn(B, classes), {}, {}, extra)


def test_av_att_squashes_twice() -> None:
    torch.manual_seed(0)
    scores = torch.randn(B, T, K + 1)
    out = output(K, {"scores": scores})
    hot = np.eye(K + 1)[SEGMENTS.numpy()]
    assert LOSSES["av_att"]["full"](out, TARGETS, 0).item() == pytest.approx(
        bce(softmax(scores.numpy()), hot), rel=1e-5
    )
    pooled = softmax(scores.numpy().max(1))
    assert LOSSES["av_att"]["weak"](out, TARGETS, 0).item() == pytest.approx(
        bce(pooled, np.eye(K + 1)[VIDEOS.numpy()]), rel=1e-5
    )


def test_dmin() -> None:
    torch.manual_seed(0)
    seen = torch.randn(B, K)
    out = output(K, {"visual_classes": seen})
    labels = VIDEOS.numpy()
    expected = bce(out.relevance.numpy(), EVENT) + 0.9 * ce(out.classes.numpy(), labels)
    expected += 0.1 * ce(seen.numpy(), labels)
    assert LOSSES["dmin"]["full"](out, TARGETS, 0).item() == pytest.approx(expected, rel=1e-5)
    weak = output(
        K + 1, {"visual_classes": torch.randn(B, K + 1), "visual_relevance": torch.randn(B, T)}
    )

    def video(r: torch.Tensor, c: torch.Tensor) -> np.ndarray:
        return softmax((sigmoid(r.numpy())[..., None] * c.numpy()[:, None]).max(1))

    hot = np.eye(K + 1)[labels]
    expected = 0.92 * bce(video(weak.relevance, weak.classes), hot)
    expected += 0.08 * bce(video(weak.extra["visual_relevance"], weak.extra["visual_classes"]), hot)
    assert LOSSES["dmin"]["weak"](weak, TARGETS, 0).item() == pytest.approx(expected, rel=1e-5)


def test_magan() -> None:
    torch.manual_seed(0)
    gates = {f"{k}_gates": torch.rand(B, T) for k in ("unimodal", "multimodal")}
    scores = {f"{k}_scores": torch.rand(B, K).softmax(-1) for k in ("unimodal", "multimodal")}
    out, labels = output(K, {**gates, **scores}), VIDEOS.numpy()
    expected = bce(out.relevance.numpy(), EVENT) + ce(out.classes.numpy(), labels)
    expected += sum(0.5 * bce(gate.numpy(), EVENT) for gate in gates.values())
    expected += sum(0.5 * ce(score.numpy(), labels) for score in scores.values())
    assert LOSSES["magan"]["full"](out, TARGETS, 0).item() == pytest.approx(expected, rel=1e-5)
    events, joint = torch.rand(B, K + 1), torch.rand(B, K + 1)
    hot = np.eye(K + 1)[labels]
    found = LOSSES["magan"]["weak"](
        output(K + 1, {"events": events, "gate_scores": joint}), TARGETS, 0
    )
    assert found.item() == pytest.approx(
        bce(events.numpy(), hot) + bce(joint.numpy(), hot), rel=1e-5
    )


def test_corrected_losses_are_likelihoods() -> None:
    """Right and sure: the published loss is far from nothing, the corrected one is at it."""
    sure = 30 * functional.one_hot(SEGMENTS, K + 1).float()
    out = output(K, {"scores": sure})
    assert loss_of("av_att", "full", corrected=True)(out, TARGETS, 0).item() < 1e-6
    assert loss_of("av_att", "full", corrected=False)(out, TARGETS, 0).item() > 0.5
    wrong = output(K, {"scores": -sure.clone().requires_grad_()})
    published = loss_of("av_att", "full", corrected=False)(wrong, TARGETS, 0)
    corrected = loss_of("av_att", "full", corrected=True)(wrong, TARGETS, 0)
    steep = [
        torch.autograd.grad(loss, wrong.extra["scores"], retain_graph=True)[0]
        for loss in (published, corrected)
    ]
    assert steep[0].abs().max() < 0.1 * steep[1].abs().max()
    weak = output(K + 1, {})
    events = gated_events(weak.relevance, weak.classes)
    named = {"visual_relevance": weak.relevance, "visual_classes": weak.classes}
    found = loss_of("dmin", "weak", corrected=True)(weak._replace(extra=named), TARGETS, 0)
    assert found.item() == pytest.approx(-events[range(B), VIDEOS].log().mean().item(), rel=1e-5)
    gates = torch.rand(B, K + 1)
    found = loss_of("magan", "weak", corrected=True)(
        output(K + 1, {"events": events, "gate_scores": gates}), TARGETS, 0
    )
    shares = gates / gates.sum(1, keepdim=True)
    expected = -(events[range(B), VIDEOS].log() + shares[range(B), VIDEOS].log()).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    perfect = {
        "unimodal_gates": 2 * torch.from_numpy(EVENT),
        "multimodal_gates": torch.from_numpy(EVENT),
        "unimodal_scores": functional.one_hot(VIDEOS, K).float(),
        "multimodal_scores": functional.one_hot(VIDEOS, K).float(),
    }
    right = LocalizationOutput(
        torch.from_numpy(60 * EVENT - 30),
        30 * functional.one_hot(VIDEOS, K).float(),
        {},
        {},
        perfect,
    )
    assert loss_of("magan", "full", corrected=True)(right, TARGETS, 0).item() < 1e-5
    assert loss_of("magan", "full", corrected=False)(right, TARGETS, 0).item() > 1


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("supervision", ["full", "weak"])
@pytest.mark.parametrize("corrected", [False, True])
def test_every_model_learns_two_videos_by_its_losses(
    name: str, supervision: str, corrected: bool
) -> None:
    """A few steps lower the loss, with sizes that are not the published ones."""
    torch.manual_seed(0)
    sizes = {"audio_dim": 16, "visual_dim": 16, "map_channels": 32}
    options = {"supervision": supervision, "num_classes": K, **sizes}
    model = build(name, {k: v for k, v in options.items() if k in option_names(name)})
    audio, visual_map = torch.rand(B, 4, 16), torch.rand(B, 4, 49, 32)
    mask = torch.ones(B, 4, dtype=torch.bool)
    segments = torch.full((B, 4), K)
    segments[0, 1:3], segments[1, :] = 1, 2
    videos = torch.tensor([1, 2, K if supervision == "weak" else 0])
    known = (videos == K)[:, None] & mask
    targets = Targets(segments, videos, mask, known, torch.full((B,), IGNORED))
    loss = loss_of(name, supervision, corrected=corrected)
    optimizer = torch.optim.Adam(model.parameters(), 3e-4)
    model.eval()
    found = []
    for _ in range(6):
        value = loss(model(audio, Visual(visual_map, audio), mask), targets, 0.0)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        found.append(value.item())
    assert np.isfinite(found).all()
    assert found[-1] < found[0]


def test_mixed_videos_have_two_labels() -> None:
    logits = torch.randn(2, K)
    targets = TARGETS._replace(videos=torch.tensor([1, IGNORED]), others=torch.tensor([3, IGNORED]))
    labels = targets.labels(K)
    assert labels.tolist() == [[0, 1, 0, 1, 0], [0] * 5]
    both = -(logits[0].log_softmax(-1)[[1, 3]]).mean()
    torch.testing.assert_close(class_loss(logits, labels), both)
    assert class_loss(logits, labels * 0).item() == 0
