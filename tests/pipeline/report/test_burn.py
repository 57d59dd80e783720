"""A copy of a film with labels and scores on its pictures."""

from pathlib import Path
from typing import Any

import av
import pytest

from avel.pipeline.media.apart import Apart
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import MediaError
from avel.pipeline.report.burn import END, burn
from avel.pipeline.report.pieces import Wanted
from tests.pipeline.media.pieces import film, numbered, seen

RESULT = Result(
    "f.mkv",
    "ok",
    duration=3.0,
    events=(Event(1.0, 2.0, "Bark\n", 0.756), Event(1.0, 2.0, "Bell", 0.2)),
)


def test_labels_stand_on_their_seconds(tmp_path: Path) -> None:
    source = film(tmp_path / "f.mkv", 3.0, frames=[numbered(101)[100]] * 30)
    with Apart() as apart:
        missing = burn(apart, RESULT, source, tmp_path / "c.mp4", Wanted(), None)
    assert missing == ""
    assert len(seen(tmp_path / "c.mp4")) == 30
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert container.streams.audio
        levels = [f.to_ndarray(format="rgb24")[-2:, :4].mean() for f in container.decode(video=0)]
    assert [n for n, level in enumerate(levels) if level < 30] == list(range(10, 20))


class Asked(Apart):
    def ask(self, task: str, path: Path, **what: Any) -> dict[str, Any]:
        self.what = what
        return {"missing": "吠"}


def test_what_is_written_is_label_and_score_of_what_is_wanted(tmp_path: Path) -> None:
    apart = Asked()
    wanted = Wanted(least_score=0.5)
    assert (
        burn(apart, RESULT, tmp_path / "f", tmp_path / "c.mp4", wanted, tmp_path / "x.ttf") == "吠"
    )
    assert apart.what["captions"] == [(1_000_000, 2_000_000, "Bark  0.76")]
    assert (apart.what["start"], apart.what["stop"]) == (0, END)
    assert apart.what["font"] == str(tmp_path / "x.ttf")


def test_a_film_without_a_picture(tmp_path: Path) -> None:
    sound = film(tmp_path / "s.wav", 1.0, frame_times=(), audio_codec="pcm_s16le")
    with Apart() as apart, pytest.raises(MediaError, match=r"s\.wav: has no picture to write on"):
        burn(apart, RESULT, sound, tmp_path / "c.mp4", Wanted(), None)
    assert not (tmp_path / "c.mp4").exists()
