"""DMSF's losses against their equations in numpy, by hand, and by what may not change them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from avel.models.losses import (
    IGNORED,
    Targets,
    class_loss,
    full_loss,
    mutual_loss,
    segment_class_loss,
    video_class_loss,
    video_relevance,
    weak_loss,
)
from avel.models.output import MASKED, Branch, LocalizationOutput

K = 5


def targets(
    segments: torch.Tensor,
    videos: list[int],
    mask: torch.Tensor | None = None,
    background: torch.Tensor | None = None,
    others: list[int] | None = None,
) -> Targets:
    mask = torch.ones_like(segments, dtype=torch.bool) if mask is None else mask
    return Targets(
        segments,
        torch.tensor(videos),
        mask,
        torch.zeros_like(mask) if background is None else background,
        torch.tensor(others or [IGNORED] * len(videos)),
    )


def output_of(s: Branch, c: Branch | None = None) -> LocalizationOutput:
    c = c or s
    return LocalizationOutput(c.relevance, c.classes, {"S": s, "C": c}, {})


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


# Targets.


def test_labels_of_videos_with_one_two_and_no_label() -> None:
    two = targets(torch.zeros(3, 2).long(), [1, 3, IGNORED], others=[IGNORED, 0, IGNORED])
    assert two.labels(4).tolist() == [[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]
    twice = targets(torch.zeros(1, 2).long(), [2], others=[2])
    assert twice.labels(4).tolist() == [[0, 0, 1, 0]]
    assert two.labels(4).dtype == torch.float32


def test_class_loss_shares_two_labels_and_leaves_out_none() -> None:
    logits = torch.randn(3, 4)
    labels = torch.tensor([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]).float()
    log_p = log_softmax(logits.numpy())
    expected = -(log_p[0, 1] + (log_p[1, 0] + log_p[1, 3]) / 2) / 2
    assert class_loss(logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_class_loss_of_nothing_is_zero_with_a_gradient() -> None:
    """Processes that train together wait for every parameter's gradient."""
    logits = torch.randn(2, 4, requires_grad=True)
    loss = class_loss(logits, torch.zeros(2, 4))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


# Full supervision.


def test_full_loss_is_the_sum_of_its_equation() -> None:
    relevance, classes = torch.randn(2, 4), torch.randn(2, K)
    segments = torch.tensor([[K, 1, 1, K], [K, K, K, K]])
    event = (segments < K).numpy()
    p = sigmoid(relevance.numpy())
    bce = -np.where(event, np.log(p), np.log(1 - p)).mean()
    # the second video has no event: it teaches relevance, not class
    one = bce - log_softmax(classes.numpy())[0, 1]
    found = full_loss(output_of(Branch(relevance, classes)), targets(segments, [1, 3]), 1.0)
    assert found.item() == pytest.approx(2 * one, rel=1e-5)


def test_full_loss_of_branches_is_their_sum_and_mutual_learning_comes_on_top() -> None:
    s, c = (Branch(torch.randn(2, 4), torch.randn(2, K)) for _ in range(2))
    wanted = targets(torch.tensor([[K, 1, 1, K], [2, 2, K, K]]), [1, 2])
    alone = sum(full_loss(output_of(b), wanted, 0.0).item() / 2 for b in (s, c))
    both = output_of(s, c)
    assert full_loss(both, wanted, 0.0).item() == pytest.approx(alone, rel=1e-5)
    mutual = mutual_loss(both.branches, wanted.mask).item()
    assert full_loss(both, wanted, 0.5).item() == pytest.approx(alone + mutual / 2, rel=1e-5)


def test_a_label_of_a_segment_that_does_not_exist_makes_no_event() -> None:
    """Only where the mask is true does a label count."""
    segments, mask = torch.tensor([[1, K, K], [K, K, 2]]), torch.ones(2, 3).bool()
    mask[1, 2] = False
    classes = torch.randn(2, K)
    branch = Branch(torch.zeros(2, 3), classes)
    found = full_loss(output_of(branch), targets(segments, [1, 2], mask), 0.0)
    expected = 2 * (np.log(2) - log_softmax(classes.numpy())[0, 1])
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_with_segment_classes_it_is_the_cross_entropy_over_all() -> None:
    """A relevance of odds and its classes: together the plain loss over K + 1."""
    scores, mask = torch.randn(2, 4, K + 1), torch.ones(2, 4).bool()
    mask[1, 2:] = False
    segments = torch.tensor([[K, 1, 3, K], [2, K, 4, 4]])
    odds = torch.logsumexp(scores[..., :-1], -1) - scores[..., -1]
    branch = Branch(odds.masked_fill(~mask, MASKED), scores[..., :-1])
    found = full_loss(output_of(branch), targets(segments, [1, 2], mask), 0.0)
    expected = 2 * functional.cross_entropy(scores[mask], segments[mask])
    torch.testing.assert_close(found, expected)


def test_segment_class_loss_counts_each_segments_own_label() -> None:
    logits, segments = torch.randn(1, 3, K), torch.tensor([[0, 4, K]])
    log_p = log_softmax(logits.numpy())
    found = segment_class_loss(logits, targets(segments, [0]), segments < K)
    assert found.item() == pytest.approx(-(log_p[0, 0, 0] + log_p[0, 1, 4]) / 3, rel=1e-5)
    none = segment_class_loss(logits, targets(segments, [0]), torch.zeros(1, 3).bool())
    assert none.item() == 0


def test_video_class_loss_reads_the_video_label_where_there_is_an_event() -> None:
    logits, segments = torch.randn(2, K), torch.tensor([[0, K], [K, K]])
    found = video_class_loss(logits, targets(segments, [3, 1]), segments < K)
    assert found.item() == pytest.approx(-log_softmax(logits.numpy())[0, 3], rel=1e-5)


# Weak supervision.


def test_weak_loss_is_the_sum_of_its_three_parts() -> None:
    relevance, classes = torch.randn(3, 4), torch.randn(3, K + 1)
    known = torch.zeros(3, 4).bool()
    known[1], known[2, :2] = True, True
    wanted = targets(torch.zeros(3, 4).long(), [2, K, IGNORED], background=known)
    r, log_p = relevance.numpy(), log_softmax(classes.numpy())
    named = -(log_p[0, 2] + log_p[1, K]) / 2
    best = np.sort(r, 1)[:, -2:].mean(1)
    event = -(np.log(sigmoid(best[0])) + np.log(1 - sigmoid(best[1]))) / 2
    silence = -np.log(1 - sigmoid(r[known.numpy()])).mean()
    found = weak_loss(output_of(Branch(relevance, classes)), wanted, 0.0)
    assert found.item() == pytest.approx(2 * (named + event + silence), rel=1e-5)


def test_weak_loss_reads_no_label_of_a_segment() -> None:
    branch = Branch(torch.randn(2, 6), torch.randn(2, K + 1))
    losses = [
        weak_loss(output_of(branch), targets(segments, [2, K]), 1.0)
        for segments in (torch.zeros(2, 6).long(), torch.full((2, 6), K))
    ]
    assert losses[0] == losses[1]


def test_weak_loss_without_known_silence_teaches_none() -> None:
    relevance = torch.randn(1, 4, requires_grad=True)
    wanted = targets(torch.zeros(1, 4).long(), [2])
    weak_loss(output_of(Branch(relevance, torch.randn(1, K + 1))), wanted, 0.0).backward()
    assert relevance.grad is not None
    assert (relevance.grad != 0).sum() == 2  # the best two of the video, and nothing else


def test_video_relevance_is_the_mean_of_the_best_two() -> None:
    branch = Branch(torch.tensor([[1.0, 3.0, 2.0, -9.0]]), torch.zeros(1, 2))
    every = torch.ones(1, 4, dtype=torch.bool)
    assert video_relevance(branch, every).tolist() == [2.5]
    assert video_relevance(branch, torch.tensor([[True, False, False, False]])).tolist() == [1.0]
    assert video_relevance(branch, ~every).tolist() == [0.0]
    one = Branch(torch.tensor([[4.0]]), torch.zeros(1, 2))
    assert video_relevance(one, torch.ones(1, 1).bool()).tolist() == [4.0]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 7), st.integers(0, 4), st.integers(0, 2**31 - 1))
def test_padding_changes_no_loss(length: int, padding: int, seed: int) -> None:
    """Segments that do not exist, whatever is in their places."""
    g = torch.Generator().manual_seed(seed)
    segments = torch.randint(0, K + 1, (2, length), generator=g)
    known = torch.rand(2, length, generator=g) < 0.3
    s, c = (
        Branch(torch.randn(2, length, generator=g), torch.randn(2, K + 1, generator=g))
        for _ in range(2)
    )

    def padded(x: torch.Tensor, value: float) -> torch.Tensor:
        return functional.pad(x.float(), (0, padding), value=value).to(x.dtype)

    plain = targets(segments, [1, K], background=known)
    longer = targets(padded(segments, 2), [1, K], padded(plain.mask, 0), padded(known, 0))
    rubbish = [Branch(padded(b.relevance, 7.0), b.classes) for b in (s, c)]
    for branches, wanted in (((s, c), plain), (tuple(rubbish), longer)):
        found = [weak_loss(output_of(*branches), wanted, 0.7)]
        named = wanted._replace(videos=torch.tensor([1, 2]))  # no background-only video here
        heads = [Branch(b.relevance, b.classes[:, :K]) for b in branches]
        found.append(full_loss(output_of(*heads), named, 0.7))
        if wanted is plain:
            expected = found
    torch.testing.assert_close(found, expected)


# Mutual learning.


def test_mutual_loss_is_its_equation() -> None:
    s, c = (Branch(torch.randn(2, 3), torch.randn(2, K)) for _ in range(2))
    p, q = (np.exp(log_softmax(b.classes.numpy() / 2)) for b in (s, c))
    kl = ((q * np.log(q / p)).sum(-1).mean() + (p * np.log(p / q)).sum(-1).mean()) * 4
    a, b = (sigmoid(x.relevance.numpy()) for x in (s, c))

    def bernoulli(t: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
        return float((t * np.log(t / l) + (1 - t) * np.log((1 - t) / (1 - l))).mean())

    expected = (kl + bernoulli(a, b) + bernoulli(b, a)) / 2
    found = mutual_loss({"S": s, "C": c}, torch.ones(2, 3).bool())
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_with_segment_classes_it_is_a_mean_over_the_segments_there_are() -> None:
    s, c = (Branch(torch.zeros(2, 3), torch.randn(2, 3, K)) for _ in range(2))
    mask = torch.tensor([[True, True, True], [True, False, False]])
    flat = [Branch(torch.zeros(4, 1), b.classes[mask]) for b in (s, c)]
    torch.testing.assert_close(
        mutual_loss({"S": s, "C": c}, mask),
        mutual_loss({"S": flat[0], "C": flat[1]}, torch.ones(4, 1).bool()),
    )


def test_equal_branches_have_nothing_to_learn() -> None:
    mask = torch.ones(2, 4, dtype=torch.bool)
    for shape in ((2, K), (2, 4, K)):
        branch = Branch(torch.randn(2, 4), torch.randn(shape))
        assert mutual_loss({"S": branch, "C": branch}, mask).item() == pytest.approx(0, abs=1e-6)


def test_each_branch_learns_towards_the_other() -> None:
    mask = torch.ones(2, 4, dtype=torch.bool)
    s, c = (
        Branch(torch.randn(2, 4, requires_grad=True), torch.randn(2, K, requires_grad=True))
        for _ in range(2)
    )
    loss = mutual_loss({"S": s, "C": c}, mask)
    loss.backward()
    step = [
        Branch(*(leaf.detach() - 0.05 * leaf.grad for leaf in branch))  # type: ignore[operator]
        for branch in (s, c)
    ]
    for leaf in (*s, *c):
        assert leaf.grad is not None
        assert leaf.grad.abs().max() > 0
    assert mutual_loss({"S": step[0], "C": step[1]}, mask) < loss
    assert mutual_loss({"S": step[0], "C": Branch(*(x.detach() for x in c))}, mask) < loss
