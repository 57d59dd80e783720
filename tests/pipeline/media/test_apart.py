"""A process that does jobs on files and may die of them."""

import os
import re
import signal
from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.media import apart as module
from avel.pipeline.media.apart import Apart, footage_of
from avel.pipeline.reasons import MediaError, Reason
from tests.pipeline.media.pieces import film


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "f.mp4", 1.0)


def test_one_process_does_many_jobs(source: Path, tmp_path: Path) -> None:
    with Apart() as apart:
        assert apart.ask("probe", source)["width"] == 64
        number = apart._process.pid  # type: ignore[union-attr]
        with pytest.raises(MediaError, match=r"none\.mp4: is not a file") as caught:
            apart.ask("probe", tmp_path / "none.mp4")
        assert caught.value.reason == Reason.MISSING_FILE
        apart.ask("cut", source, target=str(tmp_path / "c.mp4"), start=0, stop=500_000)
        assert apart._process.pid == number  # type: ignore[union-attr]
    assert (tmp_path / "c.mp4").is_file()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_death_is_told_and_the_next_job_is_done(source: Path) -> None:
    with Apart() as apart:
        apart.ask("probe", source)
        os.kill(apart._process.pid, signal.SIGKILL)  # type: ignore[union-attr]
        apart._process.wait()  # type: ignore[union-attr]
        with pytest.raises(
            MediaError, match=r"f\.mp4: the process that read it died \(signal 9\)"
        ) as caught:
            apart.ask("probe", source)
        assert caught.value.reason == Reason.WORKER_CRASH
        assert apart.ask("probe", source)["width"] == 64


def script(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(module, "CODE", code)


def test_one_that_says_nothing_is_ended(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "import time; time.sleep(600)")
    with Apart(quiet_seconds=0.2) as apart:
        with pytest.raises(
            MediaError, match=re.escape("f.mp4: nothing came of it for 0.2 s")
        ) as caught:
            apart.ask("probe", source)
        assert caught.value.reason == Reason.TIMEOUT
        assert apart._process is None


@pytest.mark.parametrize("said", ["[1]", "no JSON", "", "5"])
def test_what_is_no_answer_is_a_death(
    source: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """A process that a hostile file took over gets no further than this."""
    script(monkeypatch, f"import sys; sys.stdin.readline(); print({said!r}, flush=True)")
    with Apart() as apart, pytest.raises(MediaError, match="the process that read it died"):
        apart.ask("probe", source)


def test_beats_are_no_answers(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = '{"beat": 1}\\n{"beat": 2}\\n{"done": 3}'
    script(
        monkeypatch,
        f"import sys; sys.stdin.readline(); print('{lines}', flush=True); sys.stdin.read()",
    )
    with Apart() as apart:
        assert apart.ask("probe", source) == {"done": 3}


def test_footage(source: Path, tmp_path: Path) -> None:
    (tmp_path / "t.mp4").write_text("a letter, not a film")
    sound = film(tmp_path / "s.wav", 1.0, frame_times=(), audio_codec="pcm_s16le")
    with Apart() as apart:
        found = footage_of(apart, source)
        assert found is not None
        assert (found.frame_rate, found.variable) == (10, False)
        assert (found.width, found.height, found.sample_rate) == (64, 48, 44_100)
        assert found.duration == pytest.approx(Fraction(1), abs=0.05)
        assert footage_of(apart, tmp_path / "t.mp4") is None
        assert footage_of(apart, sound) is None
        assert footage_of(apart, tmp_path / "none.mp4") is None
