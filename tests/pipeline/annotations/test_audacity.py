"""Label tracks as Audacity writes them."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.audacity import is_one
from avel.pipeline.annotations.marks import Mark
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said


def test_labels_in_seconds(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "0.500000\t2.250000\tBark\n3.000000\t4.000000\tMeow, twice\n")
    sheet = one(path)
    assert said(sheet) == [(0.5, 2.25, "Bark"), (3.0, 4.0, "Meow, twice")]
    assert sheet.films == ()
    assert [mark.place for mark in sheet.marks] == ["line 1", "line 2"]


def test_decimals_of_other_countries_and_line_ends_of_windows(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", b"\xef\xbb\xbf0,500000\t2,250000\tBark\r\n")
    assert said(one(path)) == [(0.5, 2.25, "Bark")]


def test_the_band_of_a_spectral_label_is_passed_over(tmp_path: Path) -> None:
    lines = ["1.0\t2.0\tBark", "\\\t0.0\t8000.0", "3.0\t4.0\tMeow", "\\\t100,0\t200,0"]
    sheet = one(put(tmp_path, "a.txt", "\n".join(lines)))
    assert said(sheet) == [(1.0, 2.0, "Bark"), (3.0, 4.0, "Meow")]
    assert sheet.marks[1].place == "line 3"


def test_points_and_labels_without_a_text(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "1.0\t1.0\tclick\n2.0\t3.0\t\n4.0\t5.0\n")
    assert said(one(path)) == [(1.0, 1.0, "click"), (2.0, 3.0, ""), (4.0, 5.0, "")]


def test_a_label_may_hold_a_tab(tmp_path: Path) -> None:
    assert said(one(put(tmp_path, "a.txt", "1\t2\ta\tb")))[0][2] == "a\tb"


def test_an_empty_track_says_that_nothing_happens(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.txt", ""))
    assert (sheet.marks, sheet.void) == ((), False)


def test_a_line_that_is_no_label(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "1.0\t2.0\tBark\nBark from 3 to 4\n")
    with pytest.raises(InputError, match=r"a\.txt, line 2: 'Bark from 3 to 4' is no label of Aud"):
        one(path)


@pytest.mark.parametrize(
    ("text", "is_it"), [("1\t2\tx", True), ("\n1,5\t2\tx", True), ("a\tb", False), ("", False)]
)
def test_what_looks_like_one(text: str, is_it: bool) -> None:
    assert is_one(text) == is_it


def test_marks_are_seconds(tmp_path: Path) -> None:
    assert one(put(tmp_path, "a.txt", "1\t2\tx")).marks == (Mark("x", 1.0, 2.0, "line 1"),)
