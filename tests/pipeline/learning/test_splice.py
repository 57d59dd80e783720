"""Pieces of background and of foreign sound: where they are put, the labels follow."""

import pytest
import torch

from avel.models.losses import IGNORED
from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.splice import LONGEST, with_foreign_sound, with_spliced
from tests.pipeline.learning.examples import example

K = 4


def owned(labels: list[int]) -> Example:
    """Every value of a video says whose it is."""
    B, T = len(labels), 10
    owner = torch.arange(B)[:, None].expand(B, T)
    return example(B, T)._replace(
        audio=owner[..., None].float(),
        visual_map=owner[..., None, None].half(),
        visual=owner[..., None].float(),
        segments=owner.clone(),
        video=torch.tensor(labels),
    )


def test_splicing_puts_known_background_into_other_videos() -> None:
    batch = owned([0, K, 1, K, 2, 3])
    B = len(batch.video)
    mixed, known = with_spliced(batch, K, torch.Generator().manual_seed(0))
    assert len(mixed.video) == B + 4
    assert mixed.video[B:].tolist() == [IGNORED] * 4
    assert known[:B].all(1).tolist() == [False, True, False, True, False, False]
    for copy, original in zip(range(B, B + 4), (0, 2, 4, 5), strict=True):
        foreign = mixed.segments[copy] != original
        assert torch.equal(foreign, known[copy])
        assert 1 <= foreign.sum() <= LONGEST
        assert set(mixed.segments[copy][foreign].tolist()) <= {1, 3}
        assert torch.equal(mixed.audio[copy, :, 0].long(), mixed.segments[copy])
        assert torch.equal(mixed.visual_map[copy, :, 0, 0].long(), mixed.segments[copy])


@pytest.mark.parametrize("labels", [[0, 1, 2], [K, K]])
def test_splicing_needs_both_kinds_of_videos(labels: list[int]) -> None:
    mixed, known = with_spliced(owned(labels), K, torch.Generator())
    assert len(mixed.video) == len(labels)
    assert known.any() == (K in labels)


def test_a_piece_never_comes_from_or_goes_to_padding() -> None:
    batch = owned([0, K])
    batch.mask[0, 6:] = batch.mask[1, :3] = False
    for seed in range(40):
        mixed, known = with_spliced(batch, K, torch.Generator().manual_seed(seed))
        assert not known[2, 6:].any()
        assert not known[2, :3].any()
        assert torch.equal(mixed.segments[2] == 1, known[2])


@pytest.mark.needs_cuda
def test_pieces_on_the_gpu_are_those_on_the_cpu() -> None:
    """The places are drawn on the CPU, and go to the batch."""
    batch = owned([0, K, 1, K, 2, 3])
    there = Example(*(part.cuda() for part in batch))
    for splice in (
        lambda given, dice: with_spliced(given, K, dice),
        lambda given, dice: (with_foreign_sound(given, K, 0.7, dice), given.mask),
    ):
        here, known = splice(batch, torch.Generator().manual_seed(1))
        found, found_known = splice(there, torch.Generator().manual_seed(1))
        assert torch.equal(found_known.cpu(), known)
        assert all(torch.equal(a.cpu(), b) for a, b in zip(found, here, strict=True))


def test_foreign_sound_makes_background() -> None:
    """Pieces come from videos of other classes, at the same seconds; the picture stays."""
    labels = [0, 0, 1, 1, 2, 2]
    batch = owned(labels)._replace(segments=torch.full((6, 10), 3))
    batch.mask[-1, 7:] = False
    changed = 0
    for seed in range(20):
        found = with_foreign_sound(batch, K, 0.5, torch.Generator().manual_seed(seed))
        assert torch.equal(found.visual_map, batch.visual_map)
        foreign = found.audio[:, :, 0] != batch.audio[:, :, 0]
        assert torch.equal(found.segments == K, foreign)
        for n, t in foreign.nonzero().tolist():
            owner = int(found.audio[n, t, 0])
            assert labels[owner] != labels[n]
            assert batch.mask[owner, t]
            assert batch.mask[n, t]
        changed += int(foreign.any(1).sum())
    assert 20 < changed < 80
    none = with_foreign_sound(batch, K, 0.0, torch.Generator())
    assert torch.equal(none.audio, batch.audio)
