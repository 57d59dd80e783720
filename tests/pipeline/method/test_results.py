"""Results as documents, and the verdict that stands in them."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.method.decide import EventConfig
from avel.pipeline.method.events import Event, find_events
from avel.pipeline.method.harvest import Outcome
from avel.pipeline.method.localizer import Localizer
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.results import Result, result_names, to_csv, to_json, write_whole
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.verdict import judge, refuse
from avel.pipeline.reasons import Reason


def test_names_keep_to_their_folder_and_never_meet() -> None:
    names = result_names(["a/x.mp4", "b/x.mp4", "c/y.mp4", "../../etc/passwd"])
    assert names[2:] == ["y.mp4", "passwd"]
    assert len(set(names)) == 4
    assert all("/" not in name for name in names)


def test_csv_quotes_what_needs_it() -> None:
    event = Event(1.0, 3.5, 'Frying (food), "loud"', 0.75)
    text = to_csv([Result("a,b.mp4", "ok", events=(event,))])
    assert list(csv.reader(io.StringIO(text)))[1] == [
        "a,b.mp4",
        "1",
        "3.5",
        'Frying (food), "loud"',
        "0.7500",
    ]


def test_json_has_no_nan_and_is_stable() -> None:
    result = Result("a.mp4", "ok", duration=float("nan"), relevance=(1 / 3,))
    document = json.loads(to_json([result]))[0]
    assert document["duration"] is None
    assert document["relevance"] == [0.333333]
    assert next(iter(document)) == "schema"


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    write_whole(tmp_path / "deep" / "a.json", "text")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.json"]


@pytest.fixture(scope="module")
def shipped() -> Localizer:
    return TrainedModel(DEFAULT_MODEL)


def scores(
    shipped: Localizer, relevance: float, distance: float, flags: tuple[str, ...] = ()
) -> SegmentScores:
    classes = np.zeros((4, len(shipped.classes) + 1), np.float32)
    classes[:, 3] = 1
    far = np.full(4, distance, np.float32)
    return SegmentScores(
        np.full(4, relevance, np.float32),
        classes,
        np.ones(4, bool),
        np.full((4, 49), 1 / 49, np.float32),
        far,
        far,
        4.0,
        flags,
    )


def judged(shipped: Localizer, s: SegmentScores) -> Result:
    events = find_events(s, shipped.classes, EventConfig())
    return judge(Outcome(Path("v.mp4"), "0" * 64), s, events, shipped, EventConfig())


def test_familiar_videos_keep_their_events(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.9, 0.1))
    assert [(e.onset, e.offset, e.label) for e in result.events] == [(0.0, 4.0, shipped.classes[3])]
    assert (result.status, result.in_domain, result.notes) == ("ok", 1.0, ())


def test_strangers_events_are_withheld_and_counted(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.9, 5.0))
    assert result.events == ()
    assert result.in_domain == 0.0
    assert "0% of the segments resemble" in result.notes[0]
    assert "1 doubtful event(s) withheld" in result.notes[0]


def test_nothing_found_says_how_near_it_was(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.3, 0.1))
    assert "the highest relevance of any segment is 0.30, the threshold 0.5" in result.notes[0]


def test_partial_files_say_what_is_missing(shipped: Localizer) -> None:
    result = judged(shipped, scores(shipped, 0.0, 0.1, ("NO_AUDIO", "TRUNCATED")))
    assert (result.status, result.reasons) == ("partial", ("NO_AUDIO", "TRUNCATED"))
    assert "no sound" in result.notes[0]
    assert "ends before its header says" in result.notes[1]


def test_refusals_carry_the_reason(shipped: Localizer) -> None:
    outcome = Outcome(
        Path("v.mp4"), None, reason=Reason.EMPTY, message="v.mp4: the file has 0 bytes"
    )
    result = refuse(outcome, shipped.identity)
    assert (result.status, result.reasons, result.message) == (
        "failed",
        ("EMPTY",),
        "v.mp4: the file has 0 bytes",
    )
