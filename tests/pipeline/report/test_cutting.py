"""Events to files of their own, with a list that says what is in each."""

import csv
from pathlib import Path

import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from avel.pipeline.report.cutting import COLUMNS, Cutter
from avel.pipeline.report.pieces import Wanted
from tests.pipeline.media.pieces import film, seen


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"qp": "0", "g": "20", "sc_threshold": "0"}
    return film(tmp_path_factory.mktemp("films") / "f.mkv", 6.0, options=options)


def result(*spans: tuple[float, float]) -> Result:
    events = tuple(Event(onset, offset, "Bark", 0.75) for onset, offset in spans)
    return Result("f.mkv", "ok", duration=6.0, events=events)


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "clips.csv").open(newline="")))


def test_clips_and_their_list(source: Path, tmp_path: Path) -> None:
    with Cutter(tmp_path / "o", Wanted(pad_seconds=0.5)) as cutter:
        written = list(cutter.cut(result((1.0, 2.0), (3.0, 4.5)), source))
    assert [each.path.name for each in written] == [
        "f_Bark_1.00-2.00s.mp4",
        "f_Bark_3.00-4.50s.mp4",
    ]
    assert [number for _, number in seen(written[0].path)] == list(range(5, 25))
    assert tuple(rows(tmp_path / "o")[0]) == COLUMNS
    assert rows(tmp_path / "o")[1] == {
        "clip": "f_Bark_3.00-4.50s.mp4", "file": "f.mkv", "label": "Bark", "onset": "3",
        "offset": "4.5", "score": "0.7500", "start": "2.5", "end": "5",
    }  # fmt: skip


def test_a_copy_says_where_it_begins(source: Path, tmp_path: Path) -> None:
    with Cutter(tmp_path, Wanted(), copied=True) as cutter:
        (written,) = cutter.cut(result((3.0, 4.0)), source)
    assert (written.path.suffix, written.start) == (".mkv", 2_000_000)
    assert [number for _, number in seen(written.path)] == list(range(20, 40))
    assert rows(tmp_path)[0]["start"] == "2"


def test_one_that_fails_is_told_and_the_others_are_cut(source: Path, tmp_path: Path) -> None:
    with Cutter(tmp_path, Wanted()) as cutter:
        (gone,) = cutter.cut(result((1.0, 2.0)), tmp_path / "gone.mkv")
        (here,) = cutter.cut(result((1.0, 2.0)), source)
    assert "gone.mkv: is not a file" in gone.error
    assert here.error == ""
    assert here.path.name == "f_Bark_1.00-2.00s-2.mp4"
    assert [row["clip"] for row in rows(tmp_path)] == [here.path.name]


def test_nothing_to_cut(source: Path, tmp_path: Path) -> None:
    with Cutter(tmp_path, Wanted(labels=("Bell",))) as cutter:
        assert list(cutter.cut(result((1.0, 2.0)), source)) == []
    assert rows(tmp_path) == []


def test_out_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with (
        pytest.raises(InputError, match="is a file or lies in one"),
        Cutter(tmp_path / "f", Wanted()),
    ):
        raise AssertionError("not reached")
