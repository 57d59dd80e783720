"""Which pieces are wanted, and names that say what is inside and can be put anywhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.names import ResultNames
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from avel.pipeline.report.pieces import Wanted, piece_name, pieces
from tests.pipeline.formats.hard import LABELS, results

RESULT = Result(
    "films/my dog.mp4",
    "ok",
    duration=10.0,
    events=(
        Event(0.0, 2.0, "Bark", 0.9),
        Event(1.5, 4.0, "Bell", 0.5),
        Event(8.0, 10.0, "Bark", 0.3),
    ),
)


def found(**wanted: object) -> list[tuple[float, float, str]]:
    return [
        (p.start / 1e6, p.stop / 1e6, p.name)
        for p in pieces(RESULT, Wanted(**wanted), ResultNames())  # type: ignore[arg-type]
    ]


def test_every_event_has_its_piece() -> None:
    assert found() == [
        (0.0, 2.0, "my-dog_Bark_0.00-2.00s"),
        (1.5, 4.0, "my-dog_Bell_1.50-4.00s"),
        (8.0, 10.0, "my-dog_Bark_8.00-10.00s"),
    ]


def test_labels_and_scores_choose() -> None:
    assert [name for _, _, name in found(labels=("Bark",))] == [
        "my-dog_Bark_0.00-2.00s",
        "my-dog_Bark_8.00-10.00s",
    ]
    assert [start for start, _, _ in found(least_score=0.5)] == [0.0, 1.5]
    assert found(labels=("Horn",)) == []


def test_more_around_stays_inside_the_film_and_the_name_says_the_event() -> None:
    assert found(pad_seconds=1.0)[0] == (0.0, 3.0, "my-dog_Bark_0.00-2.00s")
    assert found(pad_seconds=1.0)[2] == (7.0, 10.0, "my-dog_Bark_8.00-10.00s")


@given(results(), st.floats(0, 100))
def test_pieces_hold_their_events_and_names_are_one_each(result: Result, pad: float) -> None:
    made = list(pieces(result, Wanted(pad_seconds=pad), ResultNames()))
    assert len({p.name for p in made}) == len(made) == len(result.events)
    for piece in made:
        assert 0 <= piece.start <= round(piece.event.onset * 1e6)
        assert piece.stop >= round(piece.event.offset * 1e6)
        assert piece.stop <= max(result.duration, piece.event.offset) * 1e6 + 1


@given(LABELS, LABELS)
def test_names_can_be_put_anywhere(stem: str, label: str) -> None:
    name = piece_name(f"folder/{stem.replace('/', '')}.mp4", Event(1.0, 2.5, label, 0.5))
    assert re.fullmatch(r"[\w-]+_[\w-]+_1\.00-2\.50s", name), name
    assert not name.startswith(("-", "."))
    assert len(name) <= 160


@pytest.mark.parametrize(
    ("file", "label", "name"),
    [
        ("-rf.mp4", "../../etc", "rf_etc_0.00-1.00s"),
        ("a$(b).mp4", "Bark; rm *", "a-b_Bark-rm_0.00-1.00s"),
        ("吠.mp4", "лай", "吠_лай_0.00-1.00s"),
        (".mp4", "<>", "mp4_event_0.00-1.00s"),
        ("/", "\n", "film_event_0.00-1.00s"),
    ],
)
def test_names(file: str, label: str, name: str) -> None:
    assert piece_name(file, Event(0.0, 1.0, label, 0.5)) == name


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"least_score": 2.0}, "--min-score (2) must be between 0 and 1"),
        ({"least_score": float("nan")}, "--min-score (nan) must be between 0 and 1"),
        ({"pad_seconds": -1.0}, "--pad (-1) must be seconds between 0 and 3600"),
        ({"pad_seconds": float("inf")}, "--pad (inf) must be seconds between 0 and 3600"),
    ],
)
def test_what_cannot_be_wanted(wanted: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        Wanted(**wanted)  # type: ignore[arg-type]
