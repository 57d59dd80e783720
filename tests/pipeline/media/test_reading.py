"""What is known of a file while it is read."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.reading import Picture, Reading, Sound
from avel.pipeline.reasons import Reason

moments = st.fractions(-2, 10_000, max_denominator=90_000)
spans = st.none() | st.tuples(moments, moments)


@given(spans, spans)
def test_duration_is_the_later_end(
    video: tuple[Fraction, Fraction] | None, audio: tuple[Fraction, Fraction] | None
) -> None:
    reading = Reading(Path("v.mp4"), video_span=video, audio_span=audio)
    ends = [span[1] for span in (video, audio) if span]
    assert reading.duration == (max(ends) if ends else 0)
    assert isinstance(reading.duration, Fraction)


def test_nothing_is_known_at_first() -> None:
    reading = Reading(Path("v.mp4"))
    assert (reading.video_stream, reading.audio_stream) == (None, None)
    assert (reading.duration, reading.position, reading.damaged_packets) == (0, 0, 0)
    assert reading.flags == set()


def test_two_readings_share_no_flags() -> None:
    one, other = Reading(Path("a.mp4")), Reading(Path("b.mp4"))
    one.flags.add(Reason.TRUNCATED)
    assert other.flags == set()


@pytest.mark.parametrize(
    "item",
    [
        Picture(3, np.zeros((3, 16, 16), np.uint8)),
        Sound(-5, np.zeros(10, np.int16)),
    ],
    ids=["picture", "sound"],
)
def test_what_was_decoded_is_not_changed_afterwards(item: Picture | Sound) -> None:
    for name in type(item).__slots__:  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="cannot assign to field"):
            setattr(item, name, None)
