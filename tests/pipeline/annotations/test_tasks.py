"""Tasks go to a tool and come back: what was asked for is what is known."""

import csv
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from avel.pipeline.annotations.checks import Rules
from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.gather import gather
from avel.pipeline.annotations.reading import files_in, read
from avel.pipeline.annotations.rows import Layout, plan_rows
from avel.pipeline.annotations.suggest import Suggestion
from avel.pipeline.annotations.tasks import INTERFACE, TABLE, as_task, why, write_tasks
from avel.pipeline.annotations.windows import Window
from avel.pipeline.commands.dataset_suggest import READ_BACK
from avel.pipeline.media.footage import Footage
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result

FILM = Result(
    "films/walk, <b>.mp4",
    "ok",
    duration=40.5,
    segments=41,
    relevance=(0.2,) * 41,
    top_classes=(("Owl & <i>", 0.1),) * 41,
    events=(Event(2, 4, "Cat", 0.8), Event(14, 17, "Bark", 0.6)),
)
LENGTH = Footage(Fraction(25), False, 64, 48, Fraction(81, 2), 44_100)
ASKED = Suggestion(Window(0, 10, 20, "Bark", 0.9, 0.2), 1.0, 0.5, 0.25)
LAST = Suggestion(Window(0, 31, 41, "", 0.1, 0.1), 0.2, 0.1, 0.25)


def test_a_task_holds_the_stretch_and_what_was_found_in_it() -> None:
    task = as_task(FILM, [ASKED, LAST])
    assert [(e.onset, e.offset, e.label) for e in task.events] == [
        (10, 20, "suggested"),
        (14, 17, "Bark"),
        (31, 40.5, "suggested"),
    ]


def test_of_a_folder_of_tasks_only_what_people_edit_is_read(tmp_path: Path) -> None:
    write_tasks(tmp_path, [FILM], [ASKED], ["eaf", "labelstudio"])
    assert {path.name for path in tmp_path.iterdir()} >= {TABLE, INTERFACE, "videos.csv"}
    found = files_in([tmp_path])
    assert [path.name for path in found] == ["events.labelstudio.json", "walk, <b>.mp4.eaf"]


@pytest.mark.parametrize("tool", READ_BACK)
def test_only_what_was_asked_for_comes_back(tool: str, tmp_path: Path) -> None:
    write_tasks(tmp_path, [FILM], [ASKED, LAST], [tool])
    kept = {"videos.csv", TABLE}
    (path,) = (
        p for p in tmp_path.iterdir() if p.suffix not in (".index", ".xml") and p.name not in kept
    )
    films = Films([Path(FILM.file)], "among the films")
    gathered = gather(read(path), films, lambda path: LENGTH, Rules())
    assert not gathered.problems
    (film,) = gathered.films
    assert [(s.onset, s.offset, s.label) for s in film.spans] == [(14, 17, "Bark")]
    assert film.looked_at == [range(10, 20), range(31, 41)]
    rows = plan_rows(gathered.films, lambda path: "0" * 64, Layout()).rows
    cells = [cell for row in rows for cell in range(row.piece.start, row.piece.stop)]
    assert sorted(cells) == [*range(10, 20), *range(31, 41)]
    assert [(r.piece.onset, r.piece.offset) for r in rows if r.piece.label] == [(14, 17)]


def test_the_table_has_the_worthiest_first(tmp_path: Path) -> None:
    write_tasks(tmp_path, [FILM], [ASKED, LAST], ["audacity"])
    first, second = csv.DictReader((tmp_path / TABLE).read_text().splitlines())
    assert (first["rank"], first["file"], first["onset"], first["offset"]) == (
        "1",
        FILM.file,
        "10",
        "20",
    )
    assert (first["guess"], first["worth"], first["balance"]) == (
        "Bark",
        f"{(0.5 * 0.2 + 0.25 * 0.9 + 1.5) / 2.75:.4f}",
        "0.5000",
    )
    assert second["offset"] == "40.5"
    assert not (tmp_path / INTERFACE).exists()


def test_label_studio_gets_an_interface_with_all_labels(tmp_path: Path) -> None:
    write_tasks(tmp_path, [FILM], [ASKED], ["labelstudio"])
    found = ElementTree.parse(tmp_path / INTERFACE).iter("Label")
    assert [each.get("value") for each in found] == ["suggested", "Bark", "Cat", "Owl & <i>"]


def test_a_reason_names_what_weighs() -> None:
    assert why(ASKED) == (
        "near the threshold, unlike what is labelled or suggested before, few labels of 'Bark'"
    )
    assert why(LAST) == "unlike what is labelled or suggested before"
