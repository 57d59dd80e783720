"""Both senses over time: what is agreed, what overlaps, and what only one of them names."""

from math import log

import numpy as np
import pytest

from avel.pipeline.method.agreement import Agreement, agree, fuse, probability
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.shift import Shift

NONE = Shift(most=0)
"""No correction, so that figures can be followed."""
HALF = EventConfig("hysteresis", 0.5)
LABELS = ("dog", "bell")


def scores(
    seen: list[list[float]],
    heard: list[list[float]],
    present: list[bool] | None = None,
    sounds: list[list[float]] | None = None,
) -> SegmentScores:
    T = len(seen)
    zero = np.zeros(T, np.float32)
    return SegmentScores(
        zero,
        np.zeros((T, 3), np.float32),
        np.array(present or [True] * T),
        np.zeros((T, 0), np.float32),
        zero,
        zero,
        T - 0.5,
        (),
        seen=np.array(seen, np.float32),
        heard=np.array(heard, np.float32),
        sounds=np.array(sounds or np.zeros((0, 0)), np.float32),
    )


def found(given: SegmentScores, shift: Shift = NONE, config: EventConfig = HALF) -> Found:
    return Agreement(LABELS, given, shift).find(config)


def events(given: SegmentScores, shift: Shift = NONE) -> list[tuple[str, float, float]]:
    return [(e.label, e.onset, e.offset) for e in found(given, shift).events]


def test_both_senses_are_needed() -> None:
    seen, heard = np.array([[0.9, 0.9, 0.0]]), np.array([[0.4, 0.0, 0.9]])
    np.testing.assert_allclose(fuse(seen, heard), [[0.6, 0, 0]])
    corrected = agree(seen, heard, Shift())
    np.testing.assert_array_equal(corrected[:, 1:], 0)  # no correction brings a sense back


def test_the_correction_is_added_to_log_odds() -> None:
    seen = heard = np.array([[0.6, 0.2]] * 8, np.float32)
    shift = Shift()
    odds = np.array([log(0.6 / 0.4), log(0.2 / 0.8)]) + shift.over(fuse(seen, heard))
    np.testing.assert_allclose(agree(seen, heard, shift), probability(odds), atol=1e-6)


def test_a_label_that_the_video_does_not_show_falls() -> None:
    """One doubtful second of a bell in a video full of a dog is no event; alone it is one."""
    seen = [[0.9, 0.02]] * 12
    seen[5] = [0.9, 0.55]
    dog = scores(seen, seen)
    assert events(dog) == [("dog", 0, 11.5), ("bell", 5, 6)]
    assert events(dog, Shift()) == [("dog", 0, 11.5)]
    quiet = [[0.0, p] for _, p in seen]
    assert events(scores(quiet, quiet), Shift()) == [("bell", 5, 6)]


def test_events_overlap() -> None:
    both = [[0.9, 0.0], [0.9, 0.9], [0.9, 0.9], [0.0, 0.9]]
    assert events(scores(both, both)) == [("dog", 0, 3), ("bell", 1, 3.5)]


def test_what_has_begun_goes_on_at_less() -> None:
    """0.2 is within 2 in log-odds of the threshold, and begins nothing by itself."""
    dog = [[p, 0.0] for p in (0.2, 0.9, 0.2, 0.05, 0.2, 0.2)]
    assert events(scores(dog, dog)) == [("dog", 0, 3)]


def test_a_gap_of_one_segment_is_closed() -> None:
    dog = [[p, 0.0] for p in (0.9, 0.01, 0.9, 0.01, 0.01, 0.9)]
    assert events(scores(dog, dog)) == [("dog", 0, 3), ("dog", 5, 5.5)]


def test_a_missing_sense_holds_no_event() -> None:
    dog = [[0.9, 0.0]] * 4
    given = scores(dog, dog, [True, True, False, False])
    assert events(given) == [("dog", 0, 2)]


def test_scores_and_evidence_are_means() -> None:
    (event,) = found(scores([[0.9, 0]] * 2, [[0.4, 0]] * 2)).events
    assert event.score == pytest.approx(0.6)
    assert event.evidence is not None
    assert event.evidence.heard == pytest.approx(log(0.4 / 0.6), abs=1e-5)
    assert event.evidence.seen == pytest.approx(log(0.9 / 0.1), abs=1e-5)
    assert event.evidence.sight == "supports"
    (faint,) = found(scores([[0.4, 0]], [[0.9, 0]])).events
    assert faint.evidence is not None
    assert faint.evidence.sight == "cannot tell"


def test_what_only_one_sense_names() -> None:
    seen = [[0.0, 0.9], [0.0, 0.9], [0.9, 0.0], [0.0, 0.0]]
    heard = [[0.8, 0.0], [0.6, 0.0], [0.9, 0.0], [0.0, 0.9]]
    told = found(scores(seen, heard, [True, True, True, False]))
    assert [(d.label, d.kind, d.onset, d.offset, d.words) for d in told.disagreements] == [
        ("bell", "seen, not heard", 0, 2, "bell in the picture"),
        ("dog", "heard, not seen", 0, 2, "no dog in the picture"),
        ("bell", "heard, not seen", 3, 3.5, "there is no picture"),
    ]
    assert [d.score for d in told.disagreements] == pytest.approx([0.9, 0.7, 0.9])


def test_an_event_is_no_disagreement() -> None:
    """Heard loudly and seen faintly, but together enough."""
    told = found(scores([[0.4, 0]] * 3, [[0.95, 0]] * 3))
    assert [e.label for e in told.events] == ["dog"]
    assert told.disagreements == []


def test_all_that_is_heard() -> None:
    """Of every class of sound, whatever is asked for or seen."""
    given = scores([[0, 0]] * 3, [[0, 0]] * 3, sounds=[[3, -9], [-1, -9], [-9, 2]])
    sounds = Agreement(LABELS, given, NONE, ("Bark", "Ding")).find(HALF).sounds
    assert [(s.label, s.onset, s.offset) for s in sounds] == [("Bark", 0, 2), ("Ding", 2, 2.5)]
    assert sounds[1].score == pytest.approx(1 / (1 + np.exp(-2)))
    assert found(given).sounds == []
