"""Scores and events into a result that says how far to believe it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.results import FAMILIAR_SHARE, Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.reasons import Reason

if TYPE_CHECKING:
    from avel.pipeline.method.localizer import Localizer

NEAR = 0.9
"""Mean of a segment's two distances, each by its limit, up to which it is familiar."""

ABSENT = {
    Reason.NO_AUDIO: "the file gives no sound, so no event can be both seen and heard",
    Reason.NO_VIDEO: "the file gives no picture, so no event can be both seen and heard",
    Reason.TRUNCATED: "the file ends before its header says; what could be read was used",
    Reason.DECODE_ERROR: "some packets were damaged and skipped",
    Reason.UNSUPPORTED_CODEC: "a stream was left out because there is no decoder for it",
    Reason.ENCRYPTED: "a stream is encrypted, and was left out",
    Reason.DISCONTINUITY: "time jumps in the file; it goes on from where it was",
    Reason.NAN_AUDIO: "the sound has samples that are no numbers; they are silence",
}
EXACTLY = {Reason.DECODE_ERROR: "could not be decoded", Reason.DISCONTINUITY: "time jumps"}
"""Words of a decoder's note that says the same, and how often."""
MENDED = {
    Reason.HDR: "pictures of high dynamic range were brought down to an ordinary screen's",
}
"""What is said of a file that misses nothing by it."""


def refuse(outcome: Outcome, identity: dict[str, str]) -> Result:
    """The result of a file that gave nothing."""
    return Result(
        str(outcome.path),
        "failed",
        (str(outcome.reason),),
        message=outcome.message,
        model=identity,
    )


def _absent(scores: SegmentScores) -> list[str]:
    """What a file's reason codes mean, where no note of its decoder says it more exactly."""
    said = "; ".join(scores.notes)
    flags = [Reason(flag) for flag in scores.flags]
    left = [flag for flag in flags if flag not in EXACTLY or EXACTLY[flag] not in said]
    return [ABSENT[flag] for flag in left if flag in ABSENT]


def judge(
    outcome: Outcome,
    scores: SegmentScores,
    found: Found,
    localizer: "Localizer",
    config: EventConfig,
) -> Result:
    """The result of a file with scores: relevance (T,) and classes (T, K + 1).

    Events of a video that does not resemble what the model was trained on are withheld: a
    classifier must answer with some class it knows, and here that answer means nothing.
    """
    events = found.events
    familiar = familiar_share(scores, localizer.limits)
    notes = [*_absent(scores), *scores.notes]
    if familiar is not None and familiar < FAMILIAR_SHARE:
        withheld = f"; {len(events)} doubtful event(s) withheld" if events else ""
        notes.append(
            f"out of domain: {familiar:.0%} of the segments resemble the model's training data "
            f"({localizer.identity['knows']}){withheld}"
        )
        events = []
    elif not events and not notes:
        notes.append(_why_none(scores, localizer.identity["knows"], config))
    notes += [MENDED[Reason(flag)] for flag in scores.flags if Reason(flag) in MENDED]
    top = scores.classes.argmax(1)
    names = [*localizer.classes, "background"]
    return Result(
        str(outcome.path),
        "partial" if {*scores.flags} - MENDED.keys() else "ok",
        tuple(scores.flags),
        duration=scores.duration,
        segments=len(scores.relevance),
        events=tuple(events),
        disagreements=tuple(found.disagreements),
        sounds=tuple(found.sounds),
        notes=tuple(notes),
        model=localizer.identity,
        decoder={"name": config.decoder, "threshold": config.threshold},
        relevance=tuple(float(r) for r in scores.relevance * scores.present),
        top_classes=tuple((names[k], float(scores.classes[t, k])) for t, k in enumerate(top)),
        heard=found.heard,
        seen=found.seen,
        in_domain=familiar,
        evidence_share=float(scores.present.mean()),
        cached=outcome.cached,
    )


def familiar_share(scores: SegmentScores, limits: Mapping[str, float]) -> float | None:
    """Share in [0, 1] of segments whose picture and sound lie within the limits together.

    The mean of both distances counts, each by its limit: one sense may be a little strange where
    the other is quite familiar. In a video of another world both are strange.
    """
    if not {"visual", "audio"} <= limits.keys():
        return None
    seen, heard = scores.visual_distance / limits["visual"], scores.audio_distance / limits["audio"]
    both = (seen + heard) / 2 <= NEAR
    return float(both[scores.present].mean()) if np.any(scores.present) else None


def _why_none(scores: SegmentScores, knows: str, config: EventConfig) -> str:
    """Of several models together, relevance may be over a threshold that no event is over."""
    if config.decoder == "argmax":
        return f"no event: background is the likeliest in every segment ({knows})"
    peak = float((scores.relevance * scores.present).max())
    if peak > config.threshold:
        return (
            f"no event: none by itself is over its threshold, though all together reach a "
            f"relevance of {peak:.2f} ({knows})"
        )
    return (
        f"no event: the highest relevance of any segment is {peak:.2f}, the threshold "
        f"{config.threshold:g} ({knows})"
    )
