"""What is taken for footage that is not known."""

from avel.pipeline.media.footage import UNKNOWN


def test_what_is_not_known_runs_at_25_frames_a_second() -> None:
    assert (UNKNOWN.frame_rate, UNKNOWN.variable, UNKNOWN.width) == (25, False, 0)
