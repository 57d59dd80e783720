"""What a result says in plain words."""

import pytest

from avel.pipeline.method.events import Event, Evidence
from avel.pipeline.method.results import Result
from avel.pipeline.report.words import Summary, is_withheld, summary, why
from tests.pipeline.report.material import everyday, result


def event(heard: float, seen: float, sight: str) -> Event:
    return Event(0.0, 1.0, "Bark", 0.9, Evidence(heard, seen, sight))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (event(0.0, 5.0, "supports"), "clearly heard and clearly seen"),
        (event(-0.1, 4.9, "supports"), "heard and seen"),
        (event(-2.1, 6.0, "supports"), "faintly heard and clearly seen"),
        (event(1.0, 0.0, "cannot tell"), "clearly heard; the picture cannot tell"),
        (Event(0.0, 1.0, "Bark", 0.9), ""),
    ],
)
def test_why_an_event_is_believed(given: Event, said: str) -> None:
    assert why(given) == said


def test_what_was_found_and_what_was_not() -> None:
    said = summary(everyday())
    assert said.status == "2 events"
    assert said.headline == "2 events: Bark, Speech."
    assert said.lines == ("Heard, not seen: Siren, Bus.", "Seen, not heard: Cat.")


def test_many_are_counted() -> None:
    labels = ["a", "b", "b", "c", "d", "e"]
    events = tuple(Event(float(n), n + 1.0, label, 0.5) for n, label in enumerate(labels))
    assert (
        summary(result(events=events)).headline
        == "6 events: b \N{MULTIPLICATION SIGN} 2, a, c, 2 more kinds."
    )
    assert summary(result(events=events[:1])).headline == "1 event: a."


def test_why_nothing_was_found() -> None:
    said = summary(result(events=(), relevance=(0.25, 0.5), notes=("no event: the highest …",)))
    assert said.status == "nothing found"
    assert said.headline == "Nothing was both seen and heard."
    assert said.none.endswith("the most probable second has 0.50, and an event begins over 0.7.")
    assert said.warnings == ()  # it is said already


def test_seconds_of_which_nothing_is_known_are_no_peak() -> None:
    said = summary(result(events=(), relevance=(float("nan"), 0.2), decoder={"threshold": None}))
    assert said.none.endswith("the most probable second has 0.20, and an event begins over 0.5.")


@pytest.mark.parametrize(
    ("reason", "status", "word"),
    [("NO_AUDIO", "no sound", "sound"), ("NO_VIDEO", "no picture", "picture")],
)
def test_a_sense_that_is_not_there(reason: str, status: str, word: str) -> None:
    said = summary(result(events=(), status="partial", reasons=(reason,), notes=("a note",)))
    assert said.status == status
    assert said.headline == f"There is no {word}, so nothing can be both seen and heard."
    assert said.none == said.headline


def test_what_is_withheld_is_said_to_be() -> None:
    told = "out of domain: 10% of the segments resemble … (trained on films)"
    strange = result(events=(), in_domain=0.1, notes=(f"{told}; 3 doubtful event(s) withheld", "b"))
    assert is_withheld(strange)
    assert not is_withheld(result(in_domain=0.3))
    assert not is_withheld(result())
    said = summary(strange)
    assert said.status == "withheld"
    assert said.headline.startswith("3 doubtful events are withheld: the film is unlike")
    assert said.warnings[0].startswith("10% of the segments resemble what the model was trained on")
    assert said.warnings[1:] == ("b",)
    one = result(events=(), in_domain=0.1, notes=(f"{told}; 1 doubtful event(s) withheld",))
    assert summary(one).headline.startswith("1 doubtful event is withheld: ")


def test_a_strange_film_of_which_nothing_is_withheld() -> None:
    said = summary(result(events=(), in_domain=0.0, notes=("out of domain: 0% …",)))
    assert said.status == "unlike the training"
    assert said.headline == "Nothing is said: the film is unlike what the model was trained on."


def test_a_file_that_failed() -> None:
    failed = Result("c.mp4", "failed", ("EMPTY",), message="c.mp4: has 0 bytes")
    assert summary(failed) == Summary(
        "cannot be read", "The file could not be used.", (), ("c.mp4: has 0 bytes",), "No result."
    )
    assert summary(Result("c.mp4", "failed")).warnings == ("it cannot be read",)


def test_other_notes_are_warnings() -> None:
    assert summary(result(notes=("some packets were damaged",))).warnings == (
        "some packets were damaged",
    )
