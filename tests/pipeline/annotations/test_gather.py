"""Sheets of several people about several films, as one list of events each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.annotations.checks import Rules
from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.gather import Gathered, gather
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.merging import MERGES
from avel.pipeline.commands import annotated
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import TEN, sheet

A, B = Path("films/a.mp4"), Path("films/b.mp4")


def gathered(sheets: Sequence[Sheet], merge: Any = "refuse", **rules: Any) -> Gathered:
    films = Films([A, B], "among two")
    return gather(sheets, films, lambda path: TEN, Rules(**rules), merge)


def events(found: Gathered, film: Path = A) -> list[tuple[float, float, str]]:
    (only,) = (each for each in found.films if each.path == film)
    return [(span.onset, span.offset, span.label) for span in only.spans]


def test_films_in_the_order_of_their_first_annotation() -> None:
    found = gathered([sheet("b.txt", (1, 2, "Meow")), sheet("a.txt", (0, 4, "Bark"))])
    assert [each.path for each in found.films] == [B, A]
    assert events(found) == [(0, 4, "Bark")]
    assert (found.problems, found.notes, found.agreements) == ((), (), ())
    assert found.films[1].files == (Path("a.txt"),)
    assert found.films[1].num_cells == 10


def test_a_film_of_which_nothing_is_said_to_happen_is_one() -> None:
    assert events(gathered([sheet("a.txt")])) == []


def test_what_cannot_be_used_is_named_and_the_rest_is_done() -> None:
    found = gathered([sheet("c.txt", (1, 2, "x")), sheet("a.txt", (3, 2, "Bark"), (4, 5, "Bark"))])
    assert events(found) == [(4, 5, "Bark")]
    assert len(found.problems) == 2
    assert found.problems[0].startswith("c.txt: is about 'c', and no such film is among two")
    assert "a.txt, line 1: 'Bark' ends" in found.problems[1]


def test_of_marks_that_are_all_wrong_nothing_is_known() -> None:
    """Least of all that no event is there."""
    found = gathered([sheet("a.txt", (3, 2, "Bark")), sheet("b.txt", (1, 2, "Meow"))])
    assert [each.path for each in found.films] == [B]


def test_nothing_that_can_be_used() -> None:
    with pytest.raises(
        InputError, match=r"no annotation can be used; the first: a\.txt, line 1: 'B"
    ):
        gathered([sheet("a.txt", (3, 2, "Bark"))])
    with pytest.raises(InputError, match="the annotations are about no film; give files in which"):
        gathered([])
    with pytest.raises(InputError, match="the annotations are about no film"):
        gathered([replace(sheet("a.txt"), void=True)])


def test_a_film_that_cannot_be_read() -> None:
    def footage(path: Path) -> Any:
        if path == A:
            raise InputError(f"{A}: has no picture")
        return TEN

    films = Films([A, B], "")
    sheets = [sheet("a.txt", (1, 2, "x")), sheet("b.txt", (1, 2, "x"))]
    found = gather(sheets, films, footage, Rules())
    assert [each.path for each in found.films] == [B]
    assert found.problems == (f"{A}: has no picture",)


def test_each_film_is_looked_at_once_whatever_comes_of_it() -> None:
    asked: list[Path] = []

    def footage(path: Path) -> Any:
        asked.append(path)
        if path == A:
            raise InputError(f"{A}: cannot be read")
        return TEN

    wrong, right = sheet("b.txt", (3, 2, "Meow")), sheet("b.txt", (1, 2, "Meow"))
    sheets = [sheet("a.txt", (1, 2, "Bark")), wrong, right] * 3
    found = gather(sheets, Films([A, B], "among two"), footage, Rules())
    assert asked == [A, B]
    assert [each for each in found.problems if "cannot be read" in each] == [
        "films/a.mp4: cannot be read"
    ]
    assert [each.path for each in found.films] == [B]


def test_overlaps_of_one_label_are_joined_and_counted() -> None:
    found = gathered([sheet("a.txt", (0, 3, "Bark"), (2, 5, "Bark"), (7, 8, "Bark"))])
    assert events(found) == [(0, 5, "Bark"), (7, 8, "Bark")]
    assert found.notes == (
        f"{A}: 1 annotation(s) of a.txt overlap others of their label; each such run is one event",
    )


def test_overlaps_of_different_labels_have_a_rule_and_are_counted() -> None:
    found = gathered([sheet("a.txt", (0, 8, "Rain"), (2, 4, "Bark"))])
    assert events(found) == [(0, 2, "Rain"), (2, 4, "Bark"), (4, 8, "Rain")]
    assert found.notes == (
        f"{A}: 1 overlap(s) of different labels; a second has one label, and the shorter event has "
        "it",
    )


def test_labels_that_are_alike_are_told_over_all_films() -> None:
    found = gathered(
        [sheet("a.txt", (0, 1, "Bark"), (2, 3, "Bark")), sheet("b.txt", (0, 1, "Brak"))]
    )
    assert found.notes == (
        "labels 'Bark' (2) and 'Brak' (1) are alike; if they are one event: --rename 'Brak=Bark'",
    )
    found = gathered([sheet("a.txt", (0, 1, "Brak"))], renames={"Brak": "Bark"})
    assert (events(found), found.notes) == ([(0, 1, "Bark")], ())


def test_capitals_are_refused_until_they_are_renamed() -> None:
    sheets = [sheet("a.txt", (0, 1, "Bark"), (2, 3, "bark"))]
    with pytest.raises(InputError, match="differ by capitals alone"):
        gathered(sheets)
    assert len(events(gathered(sheets, renames={"bark": "Bark"}))) == 2
    with pytest.raises(InputError, match="--rename 'Bork': no annotation has this label; did you"):
        gathered(sheets, renames={"Bork": "Bark"})


def test_notes_of_files_are_passed_on_once() -> None:
    noted = replace(sheet("a.txt", (0, 1, "Bark")), notes=("said",))
    assert gathered([noted, noted]).notes[0] == "said"
    assert gathered([noted, noted]).notes.count("said") == 1


# Two annotators.

ANN = sheet("ann.txt", (0, 4, "Bark"), (6, 8, "Meow"), film="a.mp4", who="Ann")
BEN = sheet("ben.txt", (2, 6, "Bark"), film="a.mp4", who="Ben")


def test_without_a_rule_they_must_agree() -> None:
    words = r"annotators differ about 1 film\(s\): films/a\.mp4: Ann and Ben agree in 40% of 10 s, "
    with pytest.raises(InputError, match=words + r"kappa .*event F1 0\.00; say whose word counts"):
        gathered([ANN, BEN])
    same = replace(BEN, marks=ANN.marks)
    found = gathered([ANN, same])
    assert events(found) == [(0, 4, "Bark"), (6, 8, "Meow")]
    assert found.agreements[0].kappa == 1


def test_many_films_about_which_they_differ_are_counted() -> None:
    films = [Path(f"{n}.mp4") for n in range(7)]
    sheets = [
        sheet(f"{who}.txt", (at, at + 2, "Bark"), film=film.name, who=who)
        for film in films
        for at, who in ((0, "Ann"), (5, "Ben"))
    ]
    with pytest.raises(
        InputError, match=r"differ about 7 film\(s\): 0\.mp4: .*4\.mp4.*; and 2 more;"
    ):
        gather(sheets, Films(films, ""), lambda path: TEN, Rules())


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("union", [(0, 6, "Bark"), (6, 8, "Meow")]),
        ("intersection", [(2, 4, "Bark")]),
        ("first", [(0, 4, "Bark"), (6, 8, "Meow")]),
    ],
)
def test_each_rule(merge: str, expected: list[tuple[float, float, str]]) -> None:
    found = gathered([ANN, BEN], merge)
    assert events(found) == expected
    assert found.films[0].files == (Path("ann.txt"), Path("ben.txt"))
    (both,) = found.agreements
    assert (both.one, both.other, both.same) == ("Ann", "Ben", 0.4)


def test_the_first_is_the_first_that_was_given() -> None:
    assert events(gathered([BEN, ANN], "first")) == [(2, 6, "Bark")]


def test_one_annotator_in_two_files_is_one() -> None:
    found = gathered([ANN, replace(BEN, annotator="Ann")])
    assert found.agreements == ()
    assert events(found) == [(0, 6, "Bark"), (6, 8, "Meow")]


def test_two_files_without_a_name_are_two_annotators() -> None:
    sheets = [replace(each, annotator="") for each in (ANN, BEN)]
    (both,) = gathered(sheets, "union").agreements
    assert (both.one, both.other) == ("ann.txt", "ben.txt")


def test_one_who_says_that_nothing_happens_differs() -> None:
    nothing = replace(BEN, marks=())
    with pytest.raises(InputError, match="annotators differ about 1 film"):
        gathered([ANN, nothing])
    assert events(gathered([ANN, nothing], "intersection")) == []


def test_three_annotators_are_three_pairs() -> None:
    third = replace(ANN, annotator="Cid")
    found = gathered([ANN, BEN, third], "union")
    assert [(each.one, each.other) for each in found.agreements] == [
        ("Ann", "Ben"),
        ("Ann", "Cid"),
        ("Ben", "Cid"),
    ]
    assert found.agreements[1].kappa == 1


# Two who were asked about different seconds of one film.

EARLY = sheet("e.txt", (0, 5, "suggested"), (1, 3, "Bark"), film="a.mp4", who="Ann")
LATE = sheet("l.txt", (5, 10, "suggested"), (6, 8, "Meow"), film="a.mp4", who="Ben")


@pytest.mark.parametrize("merge", MERGES)
def test_who_looked_elsewhere_does_not_differ(merge: str) -> None:
    found = gathered([EARLY, LATE], merge)
    assert events(found) == [(1, 3, "Bark"), (6, 8, "Meow")]
    assert found.films[0].looked_at == [range(10)]
    assert found.agreements == ()


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("union", [(0, 4, "Bark"), (6, 8, "Meow")]),
        ("intersection", [(1, 3, "Bark"), (6, 8, "Meow")]),
        ("first", [(1, 3, "Bark"), (6, 8, "Meow")]),
    ],
)
def test_a_rule_is_for_what_both_looked_at(
    merge: str, expected: list[tuple[float, float, str]]
) -> None:
    """Nobody has denied what the one found where the other was not asked."""
    whole = sheet("w.txt", (0, 4, "Bark"), (6, 8, "Meow"), film="a.mp4", who="Ben")
    found = gathered([EARLY, whole], merge)
    assert events(found) == expected
    (both,) = found.agreements
    assert (both.seconds, both.same, both.event_f1) == (5, 0.6, 1.0)
    with pytest.raises(InputError, match="Ann and Ben agree in 60% of 5 s"):
        gathered([EARLY, whole])


def test_the_command_offers_the_rules_that_there_are() -> None:
    assert annotated.MERGES == MERGES
