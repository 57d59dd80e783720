"""Selection tables of Raven and of programs that write such."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.raven import is_one
from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said

HEAD = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"


def table(*rows: str, more: str = "\tAnnotation") -> str:
    return "\n".join([HEAD + more, *rows]) + "\n"


def test_a_selection_is_taken_once_for_all_views(tmp_path: Path) -> None:
    rows = [
        "1\tWaveform 1\t1\t0.5\t2.0\t0.0\t8000.0\tBark",
        "1\tSpectrogram 1\t1\t0.5\t2.0\t0.0\t8000.0\tBark",
        "2\tSpectrogram 1\t1\t0.5\t2.0\t0.0\t8000.0\tBark",
    ]
    sheet = one(put(tmp_path, "a.txt", table(*rows)))
    assert said(sheet) == [(0.5, 2.0, "Bark")] * 2
    assert [mark.place for mark in sheet.marks] == ["line 2", "line 4"]


def test_decimals_of_other_countries(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.txt", table("1\tS\t1\t0,5\t2,25\t0,0\t8000,0\tBark")))
    assert said(sheet) == [(0.5, 2.25, "Bark")]


@pytest.mark.parametrize("column", ["Label", "Common Name", "Species", "Tags"])
def test_the_label_stands_in_columns_of_many_names(tmp_path: Path, column: str) -> None:
    sheet = one(put(tmp_path, "a.txt", table("1\tS\t1\t0\t3\t0\t9\tRobin", more=f"\t{column}")))
    assert said(sheet) == [(0.0, 3.0, "Robin")]


def test_several_films_in_one_table(tmp_path: Path) -> None:
    rows = ["1\tS\t1\t0\t3\t0\t9\tRobin\tx/a b.mp4", "2\tS\t1\t1\t2\t0\t9\tWren\ty/c.mp4"]
    found = read(put(tmp_path, "a.txt", table(*rows, more="\tAnnotation\tBegin Path")))
    assert [(each.films, said(each)) for each in found] == [
        (("x/a b.mp4",), [(0.0, 3.0, "Robin")]),
        (("y/c.mp4",), [(1.0, 2.0, "Wren")]),
    ]


def test_times_of_a_row_of_files_are_those_of_the_files_own(tmp_path: Path) -> None:
    row = "1\tS\t1\t3605.5\t3607.0\t0\t9\tBark\tday2.wav\t5.5"
    more = "\tAnnotation\tBegin File\tFile Offset (s)"
    (sheet,) = read(put(tmp_path, "a.txt", table(row, more=more)))
    assert sheet.films == ("day2.wav",)
    assert said(sheet) == [(5.5, 7.0, "Bark")]


def test_a_table_without_rows_says_that_nothing_happens(tmp_path: Path) -> None:
    assert one(put(tmp_path, "a.txt", table())).marks == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Begin Time (s)\tAnnotation\n", r"has no column End Time \(s\); add it"),
        (HEAD + "\n", r"has no column of labels \(Annotation, Label, Common Name"),
        (table("1\tS\t1\tx\t3\t0\t9\tBark"), "line 2: 'x' is no number; its times must be sec"),
        (table("1\tS\t1"), "line 2: '' is no number"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, "a.txt", text))


def test_what_looks_like_one() -> None:
    assert is_one(table())
    assert not is_one("0.5\t2\tBark\n")
