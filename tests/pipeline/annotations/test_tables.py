"""Tables that spreadsheets make of ours."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    text = 'Label , score,onset,offset,file\n"Frying (food), loud",0.9,0.5,2,x/a b.mp4\n\nMeow,,3,4,x/a b.mp4\n'
    sheet = one(put(tmp_path, "a.csv", text))
    assert said(sheet) == [(0.5, 2.0, "Frying (food), loud"), (3.0, 4.0, "Meow")]
    assert sheet.films == ("x/a b.mp4",)
    assert [mark.place for mark in sheet.marks] == ["row 2", "row 4"]


def test_semicolons_and_commas_in_numbers(tmp_path: Path) -> None:
    text = "file;onset;offset;label\na.mp4;0,5;2,25;Bark\n"
    assert said(one(put(tmp_path, "a.csv", text.encode("utf-8-sig")))) == [(0.5, 2.25, "Bark")]


def test_tabs_have_no_quotes(tmp_path: Path) -> None:
    text = 'file\tonset\toffset\tlabel\na.mp4\t1\t2\tsay "wuff\n'
    assert said(one(put(tmp_path, "a.tsv", text))) == [(1.0, 2.0, 'say "wuff')]


def test_films_and_annotators(tmp_path: Path) -> None:
    head = "file,annotator,onset,offset,label\n"
    found = read(
        put(tmp_path, "a.csv", head + "a.mp4,Ann,1,2,x\na.mp4,Ben,1,2,y\nb.mp4,Ann,1,2,z\n")
    )
    assert [(each.films, each.who, said(each)[0][2]) for each in found] == [
        (("a.mp4",), "Ann", "x"),
        (("a.mp4",), "Ben", "y"),
        (("b.mp4",), "Ann", "z"),
    ]


def test_without_a_film_the_files_own_name_says_it(tmp_path: Path) -> None:
    assert one(put(tmp_path, "a.csv", "onset,offset,label\n1,2,Bark\n")).films == ()
    assert one(put(tmp_path, "b.csv", "onset,offset,label\n")).marks == ()


def test_names_that_were_escaped(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "file,onset,offset,label\ncaf\\udce9.mp4,1,2,Bark\n")
    assert one(path).films == ("caf\udce9.mp4",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column onset, offset, label; its first line must name file, onset"),
        ("file,onset,label\n", "has no column offset"),
        ("onset,offset,label\n1,x,Bark\n", "row 2: 'x' is no number; onset and offset must be sec"),
        ("onset,offset,label\n1\n", "row 2: '' is no number"),
        ("onset,offset,label\n1,2," + "x" * 140_000, r"cannot be read as a table \(field larger"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, "a.csv", text))
