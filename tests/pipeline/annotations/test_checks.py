"""What of a sheet can be used, and what is said of the rest."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.annotations.checks import Rules, Said, spans_of
from avel.pipeline.annotations.marks import END, Mark, Sheet
from avel.pipeline.annotations.spans import Source, Span
from tests.pipeline.annotations.made import TEN, sheet


def used(*marks: tuple[float, float, str], rules: Rules | None = None) -> tuple[list[Span], Said]:
    said = Said()
    return spans_of(sheet("a.txt", *marks), TEN, rules or Rules(), said), said


def test_what_is_right_is_taken_as_it_is() -> None:
    found, said = used((0.5, 2.25, " Dog\tbarking "), (0, 10, "Rain"))
    assert found == [Span(0.5, 2.25, "Dog barking"), Span(0, 10, "Rain")]
    assert (said.problems, said.notes) == ([], [])
    assert found[0].sources == (
        Source(Path("a.txt"), "line 1", "a.txt", " Dog\tbarking ", 0.5, 2.25),
    )


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ((1, 2, "  "), "the annotation at 1 s has an empty label; write what it is, or delete it"),
        ((3, 2, "Bark"), "'Bark' ends (2 s) before it begins (3 s); swap the two"),
        (
            (3, 3, "Bark"),
            "'Bark' marks the moment 3 s (onset == offset), and an event must last; drag its end in "
            "the tool, or let --point SECONDS be the length of all such",
        ),
        ((10, 12, "Bark"), "'Bark', 10-12 s, lies outside its film, which is 10 s long"),
        ((11, END, "Bark"), "'Bark', from 11 s on, lies outside its film, which is 10 s long"),
        ((-2, -1, "Bark"), "'Bark', -2--1 s, lies outside its film, which is 10 s long"),
        ((-2, 0, "Bark"), "'Bark', -2-0 s, lies outside its film, which is 10 s long"),
    ],
)
def test_what_cannot_be_used_is_named_and_left_out(
    mark: tuple[float, float, str], words: str
) -> None:
    found, said = used(mark, (1, 2, "Meow"))
    assert [span.label for span in found] == ["Meow"]
    assert said.problems == [f"a.txt, line 1: {words}"]


def test_an_end_behind_the_films() -> None:
    """A second is rounding; more is said."""
    found, said = used((8, 10.9, "Bark"), (8, END, "Rain"))
    assert found == [Span(8, 10, "Bark"), Span(8, 10, "Rain")]
    assert said.notes == []
    found, said = used((8, 13, "Bark"))
    assert found == [Span(8, 10, "Bark")]
    assert said.notes == [
        "a.txt, line 1: 'Bark' ends at 13 s, and the film at 10 s, which is taken"
    ]


def test_a_beginning_before_the_films() -> None:
    found, said = used((-0.5, 2, "Bark"))
    assert found == [Span(0, 2, "Bark")]
    assert said.notes == ["a.txt, line 1: 'Bark' begins at -0.5 s; the film's beginning is taken"]


def test_moments_get_a_length() -> None:
    found, said = used(
        (3, 3, "Bark"), (0, 0, "Meow"), (9.9, 9.9, "Meow"), rules=Rules(point_seconds=1)
    )
    assert [(s.onset, s.offset) for s in found] == [(2.5, 3.5), (0, 0.5), (9.4, 10)]
    assert (said.problems, said.notes) == ([], [])


def test_labels_are_renamed_and_their_old_names_kept() -> None:
    found, _ = used((0, 1, "dog  barking"), rules=Rules({"dog barking": "Bark"}))
    assert found[0].label == "Bark"
    assert found[0].sources[0].label == "dog  barking"


def frames(*marks: Mark) -> Sheet:
    return Sheet(Path("a.xml"), (), marks)


def test_frames_are_those_of_the_film() -> None:
    track, said = frames(Mark("Dog", 25, 75, "track 0", frames=True)), Said()
    assert spans_of(track, TEN, Rules(), said) == [Span(1, 3, "Dog")]
    assert spans_of(track, TEN, Rules(frame_rate=Fraction(50)), said) == [Span(0.5, 1.5, "Dog")]
    assert (said.problems, said.notes) == ([], [])


def test_frames_of_a_film_whose_rate_is_not_known_or_changes() -> None:
    track, said = frames(Mark("Dog", 25, 75, "track 0", frames=True)), Said()
    assert spans_of(track, replace(TEN, frame_rate=Fraction(0)), Rules(), said) == []
    assert said.problems == [
        "a.xml: its times are frames, and its film's frames a second are not known; give them with "
        "--frame-rate"
    ]
    said = Said()
    assert spans_of(track, replace(TEN, variable=True), Rules(), said) == [Span(1, 3, "Dog")]
    assert "come at changing intervals: 25.00 a second, the average, are taken" in said.notes[0]
