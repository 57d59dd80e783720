"""Marks in seconds and frames, and lines about several films as sheets."""

from fractions import Fraction
from pathlib import Path

from avel.pipeline.annotations.marks import END, Mark, Sheet, sheets_of


def test_frames_become_seconds_of_the_films_own_rate() -> None:
    mark = Mark("Bark", 30, 60, "track 0", frames=True)
    assert mark.in_seconds(Fraction(30)) == Mark("Bark", 1.0, 2.0, "track 0")
    ntsc = mark.in_seconds(Fraction(30_000, 1001))
    assert abs(ntsc.onset - 1.001) < 1e-12
    assert abs(ntsc.offset - 2.002) < 1e-12


def test_seconds_stay_and_so_does_the_films_end() -> None:
    assert Mark("Bark", 1, 2, "").in_seconds(Fraction(30)) == Mark("Bark", 1, 2, "")
    assert Mark("Bark", 30, END, "", frames=True).in_seconds(Fraction(30)).offset == END


def test_who_says_it() -> None:
    assert Sheet(Path("a.eaf"), (), (), "Ann").who == "Ann"
    assert Sheet(Path("x/a.eaf"), (), ()).who == "x/a.eaf"


def test_lines_by_film_and_annotator_in_the_order_of_the_first() -> None:
    marks = [Mark("Bark", n, n + 1, f"row {n}") for n in range(4)]
    rows = [("b.mp4", "", marks[0]), ("a.mp4", "", marks[1]), ("b.mp4", "", marks[2])]
    found = sheets_of(Path("t.csv"), [*rows, ("b.mp4", "Ann", marks[3])], ("a note",))
    assert [(each.films, each.annotator, each.marks) for each in found] == [
        (("b.mp4",), "", (marks[0], marks[2])),
        (("a.mp4",), "", (marks[1],)),
        (("b.mp4",), "Ann", (marks[3],)),
    ]
    assert found[0].notes == ("a note",)
    assert sheets_of(Path("t.csv"), [("", "", marks[0])])[0].films == ()
