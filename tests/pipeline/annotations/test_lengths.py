"""How long films are, and what is said of those that cannot be used."""

from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.annotations.lengths import footage_of
from avel.pipeline.media.apart import Apart
from avel.pipeline.reasons import InputError
from tests.films import write_film
from tests.pipeline.annotations.made import put
from tests.pipeline.media.pieces import film, noise


def test_a_film(tmp_path: Path) -> None:
    with Apart() as apart:
        found = footage_of(apart, film(tmp_path / "a.mp4", 3.0))
    assert (found.frame_rate, found.variable, found.width) == (Fraction(10), False, 64)
    assert abs(found.duration - 3) < Fraction(1, 10)
    assert found.sample_rate == 44_100


class Said:
    """Of a process apart, what it answers."""

    def __init__(self, **said: object) -> None:
        self._said = said

    def ask(self, task: str, path: Path) -> dict[str, object]:
        usual = {"frame_rate": "25", "variable": False, "width": 64, "height": 48}
        return {**usual, "duration": "10", "sample_rate": 0, **self._said}


def test_what_cannot_be_used(tmp_path: Path) -> None:
    sound = write_film(tmp_path / "a.mkv", samples=noise(1))
    with Apart() as apart:
        with pytest.raises(InputError, match=r"a\.mkv: has no picture, and an event must be both"):
            footage_of(apart, sound)
        with pytest.raises(
            InputError, match=r"b\.mp4: cannot be read \(.*\); its annotations are l"
        ):
            footage_of(apart, put(tmp_path, "b.mp4", "no film"))
    with pytest.raises(
        InputError, match=r"c\.mp4: does not say how long it is; put it into a cont"
    ):
        footage_of(Said(duration="0"), Path("c.mp4"))  # type: ignore[arg-type]
