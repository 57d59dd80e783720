"""That the bench of collections would notice a wrong decode, on films of known content."""

import os
import random
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig, join
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.reasons import MediaError, Reason
from benchmarks import corpus, watch
from benchmarks.differences import Read, Theirs, theirs, verdict
from tests.films import number_frame, regular, tone, write_film

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no program ffmpeg")
CONFIG = SegmentConfig(frames_per_cell=4)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of which each frame has its colour; the second one sounds."""
    wave = np.concatenate(
        [np.zeros(44_100, np.int16), tone(440, 1, 44_100), np.zeros(44_100, np.int16)]
    )
    return write_film(
        tmp_path_factory.mktemp("corpus") / "film.mkv",
        frame_times=regular(30, 10),
        time_base=Fraction(1, 10),
        frames=[number_frame(7 * number, 96, 64) for number in range(30)],
        samples=wave[None],
    )  # fmt: skip


def read(path: Path) -> Read:
    """What avel makes of a film, in this process."""
    found = Read(CONFIG, random.Random(0))
    found.add(join([segment_whole(path, CONFIG)]))
    return found


@needs_ffmpeg
def test_a_right_decode_agrees(film: Path) -> None:
    found = read(film)
    told = theirs(film, found)
    assert verdict(found, told) == ("agrees", "")
    assert told.levels is not None
    assert told.levels < 2
    assert told.decibels is not None
    assert told.decibels < 0.1
    assert len(told.times) == 30


@needs_ffmpeg
def test_a_frame_too_late_differs(film: Path) -> None:
    found = read(film)
    found.pictures = {round(moment - 0.1, 3): rgb for moment, rgb in found.pictures.items()}
    assert "a neighbour fits better" in verdict(found, theirs(film, found))[1]


@needs_ffmpeg
def test_a_wrong_second_of_sound_differs(film: Path) -> None:
    found = read(film)
    found.energy[1] /= 2
    assert verdict(found, theirs(film, found)) == ("differs", "sound in second 1")


@needs_ffmpeg
def test_what_is_missing_differs(film: Path) -> None:
    found = read(film)
    found.seen, found.pictures, found.heard, found.duration = 0, {}, 0, 1.0
    told = verdict(found, theirs(film, found))
    assert told == ("differs", "no picture; no sound; 1.0 s of 3.0 s")


@needs_ffmpeg
def test_a_refusal_of_what_ffmpeg_reads_differs(film: Path) -> None:
    found = Read(CONFIG, random.Random(0), error=MediaError(Reason.DECODE_ERROR, "no"))
    kind, why = verdict(found, theirs(film, found))
    assert (kind, why[:30]) == ("differs", "refused, ffmpeg decodes 30 fra")
    found.error = MediaError(Reason.TIMEOUT, "late")
    assert verdict(found, theirs(film, found))[0] == "explained"


@needs_ffmpeg
def test_the_table_of_a_folder(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(film, folder)
    (folder / "notes.mp4").write_text("words")
    monkeypatch.setattr("sys.argv", ["corpus", str(folder), "--table", str(tmp_path / "t.csv")])
    corpus.main()
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[1].split(",")[1:5] == ["film.mkv", "whole", "", "3"]
    assert lines[2].split(",")[1:5] == ["notes.mp4", "refused", "DECODE_ERROR", "0"]
    assert "| films | 2 | 1 | 0 | 1 |" in capsys.readouterr().out
    peak = float(lines[1].split(",")[6])
    assert 20 < peak < 400


def test_one_that_takes_too_much_is_named() -> None:
    row = corpus.Row("c", "f", "whole", "", 1, 0.1, 100.0, 1.0)
    assert not corpus.exceeds(row)
    row.peak_mb = 601.0
    assert corpus.exceeds(row)


def test_damage_explains_and_silence_of_ffmpeg_is_named() -> None:
    found = Read(CONFIG, random.Random(0), cells=1, duration=1.0, seen=4, heard=0)
    told = Theirs({}, times=[0.0, 0.9], levels=50.0)
    assert verdict(found, told) == ("differs", "picture")
    told.errors = ["broken"]
    assert verdict(found, told) == ("explained", "damaged: ffmpeg reports errors")
    assert verdict(found, Theirs({}))[0] == "alone"


def test_what_linux_tells_of_this_process() -> None:
    assert watch.peak_mb(os.getpid()) > 20
    assert watch.peak_mb(0) == 0
    assert os.getpid() not in watch.below(os.getpid())
