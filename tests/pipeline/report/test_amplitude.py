"""The amplitude convention: levels are 90 dB apart, and the embeddings are not alike."""

from pathlib import Path

import pytest

from avel.pipeline.reasons import MediaError
from avel.pipeline.report.amplitude import compare_amplitudes
from tests.films import clicks, write_film


def test_both_ways_of_hearing_a_sound(tmp_path: Path) -> None:
    sound = write_film(tmp_path / "a.wav", samples=clicks(2 * 44_100, range(0, 88_200, 50)))
    name, seconds = compare_amplitudes(sound, [])
    assert name == "audioclip-tiny"
    assert len(seconds) == 2
    for second in seconds:
        assert second.right - second.wrong == pytest.approx(90, abs=15)  # 20 log10 32768
        assert second.likeness < 0.9


def test_a_file_without_sound_to_hear(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("text")
    with pytest.raises(MediaError, match="is text"):
        compare_amplitudes(tmp_path / "a.wav", [])
