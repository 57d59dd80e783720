"""Scores and events into a result that says how far to believe it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found, find
from avel.pipeline.method.localizer import Localizer
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.verdict import FAMILIAR_SHARE, familiar_share, judge, refuse
from avel.pipeline.reasons import Reason


@pytest.fixture(scope="module")
def shipped() -> Localizer:
    return TrainedModel(DEFAULT_MODEL)


def scores(
    shipped: Localizer, relevance: float, distance: float, flags: tuple[str, ...] = ()
) -> SegmentScores:
    classes = np.zeros((4, len(shipped.classes) + 1), np.float32)
    classes[:, 3] = 1
    far = np.full(4, distance, np.float32)
    return SegmentScores(
        np.full(4, relevance, np.float32),
        classes,
        np.ones(4, bool),
        np.full((4, 49), 1 / 49, np.float32),
        far,
        far,
        4.0,
        flags,
    )


def judged(shipped: Localizer, s: SegmentScores) -> Result:
    found = find(s, shipped.classes, EventConfig())
    return judge(Outcome(Path("v.mp4"), "0" * 64), s, found, shipped, EventConfig())


def test_familiar_videos_keep_their_events(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.9, 0.1))
    assert [(e.onset, e.offset, e.label) for e in result.events] == [(0.0, 4.0, shipped.classes[3])]
    assert (result.status, result.in_domain, result.notes) == ("ok", 1.0, ())


def test_what_is_known_of_the_file_is_said(shipped: Localizer) -> None:
    """What its decoder noted, in the place of its reason code's words; how much there is."""
    given = replace(
        scores(shipped, 0.9, 0.1, (Reason.DISCONTINUITY,)),
        notes=("time jumps 3 times; it goes on from where it was",),
        present=np.array([True, False, True, True]),
    )
    result = judged(shipped, given)
    assert result.notes == ("time jumps 3 times; it goes on from where it was",)
    assert result.evidence_share == 0.75
    assert result.document()["evidence_share"] == 0.75
    assert judged(shipped, scores(shipped, 0.9, 0.1)).evidence_share == 1.0


def test_a_reason_code_without_a_note_of_its_own_is_put_in_words(shipped: Localizer) -> None:
    flags = (Reason.DECODE_ERROR, Reason.DISCONTINUITY)
    note = "121 of 126 frames that were looked for could not be decoded"
    given = replace(scores(shipped, 0.9, 0.1, flags), notes=(note,))
    jumps = "time jumps in the file; it goes on from where it was"
    assert judged(shipped, given).notes == (jumps, note)
    silent = judged(shipped, replace(given, notes=()))
    assert silent.notes == ("some packets were damaged and skipped", jumps)


def test_strangers_events_are_withheld_and_counted(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.9, 5.0))
    assert result.events == ()
    assert result.in_domain == 0.0
    assert "0% of the segments resemble" in result.notes[0]
    assert "1 doubtful event(s) withheld" in result.notes[0]


def with_distances(shipped: Localizer, visual: list[float], audio: list[float]) -> SegmentScores:
    """Distances in terms of the limits."""
    return replace(
        scores(shipped, 0.9, 0.1),
        visual_distance=np.array(visual, np.float32) * shipped.limits["visual"],
        audio_distance=np.array(audio, np.float32) * shipped.limits["audio"],
    )


@pytest.mark.parametrize(
    ("visual", "audio", "share"),
    [
        ([0.5, 0.5, 0.5, 0.5], [1.6, 1.6, 1.6, 1.6], 0.0),
        ([1.6, 1.6, 1.6, 1.6], [0.5, 0.5, 0.5, 0.5], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [1.2, 1.2, 1.2, 1.2], 1.0),  # one sense a little strange
        ([0.8, 1.0, 1.0, 1.0], [0.8, 1.0, 1.0, 1.0], 0.25),
        ([0.8, 0.8, 0.8, 0.8], [0.8, 0.8, 0.8, 1.2], 0.75),
    ],
)
def test_a_segment_is_familiar_in_both_senses_together(
    shipped: Localizer, visual: list[float], audio: list[float], share: float
) -> None:
    result = judged(shipped, with_distances(shipped, visual, audio))
    assert result.in_domain == share
    assert bool(result.events) == (share >= FAMILIAR_SHARE)


def test_segments_that_lack_a_sense_say_nothing_of_the_domain(shipped: Localizer) -> None:
    """Their distance is zero, which is no likeness."""
    given = with_distances(shipped, [2, 2, 0, 0], [2, 2, 0, 0])
    there = np.array([True, True, False, False])
    assert familiar_share(replace(given, present=there), shipped.limits) == 0
    assert familiar_share(replace(given, present=~there), shipped.limits) == 1
    assert familiar_share(replace(given, present=there & False), shipped.limits) is None
    assert familiar_share(given, {"visual": 1.0}) is None


def test_nothing_found_says_how_near_it_was(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.3, 0.1))
    assert "the highest relevance of any segment is 0.30, the threshold 0.5" in result.notes[0]


def none_found(shipped: Localizer, s: SegmentScores, config: EventConfig) -> str:
    result = judge(Outcome(Path("v.mp4"), "0" * 64), s, Found([], [], []), shipped, config)
    (note,) = result.notes
    return note


def test_what_is_said_of_no_event_never_contradicts_itself(shipped: Localizer) -> None:
    """Two models' relevance together may be over a threshold that no event of either is over."""
    given = scores(shipped, 0.6, 0.1)
    assert "is 0.60, the threshold 0.7" in none_found(shipped, given, EventConfig("gate", 0.7))
    together = none_found(shipped, given, EventConfig("hysteresis", 0.5))
    assert "none by itself is over its threshold" in together
    assert "together reach a relevance of 0.60" in together
    likeliest = none_found(shipped, given, EventConfig("argmax"))
    assert "background is the likeliest in every segment" in likeliest
    assert "threshold" not in likeliest


def test_partial_files_say_what_is_missing(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.0, 0.1, ("NO_AUDIO", "TRUNCATED")))
    assert (result.status, result.reasons) == ("partial", ("NO_AUDIO", "TRUNCATED"))
    assert "no sound" in result.notes[0]
    assert "ends before its header says" in result.notes[1]


def test_a_mended_file_misses_nothing(shipped: Localizer) -> None:
    """HDR is said, beside what else there is to say, and the result is whole."""
    result = judged(shipped, scores(shipped, 0.9, 0.1, ("HDR",)))
    assert (result.status, result.reasons, len(result.events)) == ("ok", ("HDR",), 1)
    assert result.notes == (
        "pictures of high dynamic range were brought down to an ordinary screen's",
    )
    none = judged(shipped, scores(shipped, 0.3, 0.1, ("HDR",)))
    assert ["highest relevance" in note for note in none.notes] == [True, False]
    cut = judged(shipped, scores(shipped, 0.9, 0.1, ("HDR", "TRUNCATED")))
    assert (cut.status, len(cut.notes)) == ("partial", 2)


def test_refusals_carry_the_reason(shipped: Localizer) -> None:
    outcome = Outcome(
        Path("v.mp4"), None, reason=Reason.EMPTY, message="v.mp4: the file has 0 bytes"
    )
    result = refuse(outcome, shipped.identity)
    assert (result.status, result.reasons, result.message) == (
        "failed",
        ("EMPTY",),
        "v.mp4: the file has 0 bytes",
    )
