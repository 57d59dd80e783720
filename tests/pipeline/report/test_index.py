"""The index over many results: what it says of each, in the order of the inputs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.report import index as module
from avel.pipeline.report.index import NAME, Index, entry
from avel.pipeline.report.preview import Preview
from tests.pipeline.report.material import EVIL, everyday, evil, result
from tests.pipeline.report.test_page import Page


def written(folder: Path) -> list[dict[str, Any]]:
    return list(Page((folder / NAME).read_text()).data)


def test_what_is_said_of_a_result() -> None:
    said = entry(everyday("films/a b.mp4"), "a b.mp4.html", Preview())
    assert said["name"] == "a b.mp4"
    assert said["page"] == "a%20b.mp4.html"
    assert (said["kind"], said["status"], said["events"]) == ("found", "2 events", 2)
    assert said["labels"] == [("Bark", 1), ("Speech", 1)]
    assert said["spans"] == [(0.0, 2.0, "Bark"), (3.0, 3.5, "Speech")]
    assert said["alone"] == "Heard, not seen: Siren, Bus. Seen, not heard: Cat."
    assert said["picture"] == ""


def test_its_picture_shows_the_first_event() -> None:
    grey = np.array([0, 0, 0, 200], np.uint8)[:, None, None, None]
    shown = Preview(None, grey * np.ones((8, 8, 3), np.uint8), 1.0)
    late, none = result(events=(Event(3.0, 3.5, "a", 0.5),)), result(events=(), duration=7.0)
    assert entry(late, "", shown)["picture"] == shown.thumbnail(3.2)
    assert entry(none, "", shown)["picture"] == shown.thumbnail(3.5)
    assert entry(result(), "", shown)["picture"] == shown.thumbnail(1.0) != shown.thumbnail(3.2)


@pytest.mark.parametrize(
    ("given", "kind", "status"),
    [
        (result(events=()), "none", "nothing found"),
        (Result("a.mp4", "failed", ("EMPTY",), message="it is empty"), "failed", "cannot be read"),
        (result(events=(), in_domain=0.0), "none", "unlike the training"),
    ],
)
def test_the_status_in_words(given: Result, kind: str, status: str) -> None:
    said = entry(given, "", Preview())
    assert (said["kind"], said["status"]) == (kind, status)
    assert said["said"]


def test_of_many_events_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 10)
    events = tuple(Event(float(n), n + 1.0, "a", 0.5) for n in range(25))
    said = entry(result(events=events), "", Preview())
    assert said["events"] == 25
    assert [onset for onset, _, _ in said["spans"]] == [0, 3, 6, 9, 12, 15, 18, 21, 24]


def test_entries_stand_in_the_order_of_the_inputs(tmp_path: Path) -> None:
    with Index(tmp_path, "films") as index:
        for number in (2, 0, 1):
            index.add(number, entry(result(f"{number}.mp4"), "", Preview()))
        assert not (tmp_path / NAME).exists()
    assert [each["name"] for each in written(tmp_path)] == ["0.mp4", "1.mp4", "2.mp4"]
    page = Page((tmp_path / NAME).read_text())
    assert page.texts["h1"] == ["films"]
    assert page.texts["title"] == ["films: 3 videos"]


def test_it_counts(tmp_path: Path) -> None:
    with Index(tmp_path) as index:
        index.add(0, entry(result(), "", Preview()))
        index.add(1, entry(Result("c.mp4", "failed", ("EMPTY",)), "", Preview()))
    text = " ".join(Page((tmp_path / NAME).read_text()).texts["p"])
    assert text == "2 videos: 1 with events, 0 without, 1 could not be used"


def test_after_an_error_an_earlier_index_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("earlier")
    with pytest.raises(KeyboardInterrupt), Index(tmp_path) as index:
        index.add(0, entry(result(), "", Preview()))
        raise KeyboardInterrupt
    assert (tmp_path / NAME).read_text() == "earlier"


def test_nothing_in_a_result_is_markup(tmp_path: Path) -> None:
    with Index(tmp_path, EVIL) as index:
        index.add(0, entry(evil(), f"{EVIL}.html", Preview()))
    text = (tmp_path / NAME).read_text()
    assert text.count("<script") == 2
    (said,) = written(tmp_path)
    assert said["labels"] == [[EVIL, 1]]
    assert json.dumps(said).count("alert(") >= 3


def test_no_result_is_a_page_too(tmp_path: Path) -> None:
    with Index(tmp_path):
        pass
    assert written(tmp_path) == []
