"""Known background: pieces of background-only videos, or of foreign sound, inside other videos.

Video-level labels never say where an event is not, so a model with temporal context calls all of
a video's segments event. But every segment of a background-only video is background, also after
it was put into another video: there the context says event and only the segment itself can say
that it is none.
"""

import torch
from torch import Tensor

from avel.models.losses import IGNORED
from avel.pipeline.datasets.features import Example

LONGEST = 6
"""Segments of the longest piece."""


def with_spliced(
    batch: Example, background: int, generator: torch.Generator
) -> tuple[Example, Tensor]:
    """The batch, a spliced copy of its event videos, and which segments are known background.

    Args:
        batch: Examples with video labels; `background` marks background-only ones.
        background: Index K.
        generator: Source of the places and the partners.

    Returns:
        Examples (B + n, ...) and bool (B + n, T). Without a background-only video in the batch
        nothing is added.
    """
    negative = batch.video == background
    known = negative[:, None] & batch.mask
    sources, targets = negative.nonzero()[:, 0], (~negative).nonzero()[:, 0]
    if not len(sources) or not len(targets):
        return batch, known
    picks = sources[torch.randint(len(sources), (len(targets),), generator=generator)]
    place = _places(len(targets), batch.mask.shape[1], generator).to(batch.mask.device)
    place &= batch.mask[picks] & batch.mask[targets]

    def mixed(values: Tensor) -> Tensor:
        where = place.view(*place.shape, *[1] * (values.ndim - 2))
        return torch.where(where, values[picks], values[targets])

    copies = Example(
        mixed(batch.audio),
        mixed(batch.visual_map),
        mixed(batch.visual),
        batch.mask[targets],
        mixed(batch.present),
        mixed(batch.segments),
        torch.full_like(batch.video[targets], IGNORED),  # the piece may have covered the event
        batch.row[targets],
        torch.full_like(batch.other[targets], IGNORED),
    )
    joined = Example(*(torch.cat(pair) for pair in zip(batch, copies, strict=True)))
    return joined, torch.cat([known, place])


def with_foreign_sound(
    batch: Example, background: int, share: float, generator: torch.Generator
) -> Example:
    """The batch (B, T, ...) with pieces of other videos' sound in some of its videos.

    Sound and picture of two videos of different classes are no audio-visual event, whatever both
    hold, so the segments under such a piece are background.

    Args:
        batch: Examples with segment labels.
        background: Index K.
        share: Of videos that get a piece.
        generator: Source of the places and the partners.
    """
    B, T = batch.mask.shape
    partner = torch.randperm(B, generator=generator)
    place = _places(B, T, generator) & (torch.rand(B, 1, generator=generator) < share)
    partner, place = partner.to(batch.mask.device), place.to(batch.mask.device)
    place &= batch.mask & batch.mask[partner]
    place &= (batch.video != batch.video[partner])[:, None]
    where = place.view(B, T, *[1] * (batch.audio.ndim - 2))
    return batch._replace(
        audio=torch.where(where, batch.audio[partner], batch.audio),
        segments=torch.where(place, background, batch.segments),
    )


def _places(count: int, length: int, generator: torch.Generator) -> Tensor:
    """One run of 1 to 6 positions in each of `count` rows (count, length)."""
    sizes = torch.randint(1, LONGEST + 1, (count, 1), generator=generator)
    starts = (torch.rand(count, 1, generator=generator) * (length - sizes + 1)).long()
    t = torch.arange(length)[None]
    return (t >= starts) & (t < starts + sizes)
