"""What is labelled already."""

from dataclasses import replace

from avel.pipeline.annotations.known import known_of
from avel.pipeline.annotations.windows import Window
from avel.pipeline.method.results import Result
from tests.pipeline.annotations.made import sheet

RESULTS = [Result(f"films/{name}.mp4", "ok") for name in ("a", "b")]


def window(film: int, start: int = 0) -> Window:
    return Window(film, start, start + 10, "", 0, 0)


def test_a_film_that_somebody_annotated_is_known_as_a_whole() -> None:
    known = known_of([sheet("a.txt", (2, 4, "Bark"))], RESULTS)
    assert known.holds(window(0, 30))
    assert not known.holds(window(1))


def test_of_a_task_only_what_was_asked_is_known() -> None:
    known = known_of([sheet("a.txt", (10, 20, "suggested"), (2, 4, "Bark"))], RESULTS)
    assert [known.holds(window(0, start)) for start in (0, 5, 19, 20)] == [False, True, True, False]


def test_labels_are_counted_by_film() -> None:
    sheets = [
        sheet("a.txt", (2, 4, "Bark"), (6, 7, " Bark"), (0, 10, "suggested")),
        sheet("b.txt", (0, 1, "Bark"), (1, 2, "Meow")),
    ]
    assert known_of(sheets, RESULTS).labels == {"Bark": 2, "Meow": 1}


def test_other_films_labels_count_and_they_are_named() -> None:
    known = known_of([sheet("other.txt", (2, 4, "Bark"))], RESULTS)
    assert known.labels == {"Bark": 1}
    assert not known.spans
    assert "other.txt: is about" in known.strangers[0]


def test_what_nobody_annotated_is_not_known() -> None:
    assert not known_of([replace(sheet("a.txt"), void=True)], RESULTS).spans
