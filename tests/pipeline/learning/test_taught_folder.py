"""A taught model's folder: what is in it, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.models.card import CHECKPOINT, describe
from avel.pipeline.datasets.examples import examples_in
from avel.pipeline.learning.left_out import leave_out
from avel.pipeline.learning.lesson import Lesson, learn
from avel.pipeline.learning.taught_folder import check_folder, event_rows, write_folder
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.reasons import InputError
from tests.pipeline.learning.taught_films import film, plain_looks

FILMS = [
    film("dog, one.mp4", "Bark", [0, 0, 0, 5], [0] * 4),
    film("dog2.mp4", "Bark", [0, 0, 5, 5], [0] * 4),
    film("cat.mp4", "Meow|s", [5, 1, 1, 5], [1] * 4),
    film("rain.mp4", "background", [5] * 4, [5] * 4),
]
RECIPE = {"config": {"extractor": "efficientnet-lite0+mn04", "options": {}}, "upstream": {}}


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return learn(FILMS, plain_looks(), RECIPE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lesson: Lesson) -> Path:
    out = tmp_path_factory.mktemp("taught")
    write_folder(out, lesson, FILMS, leave_out(FILMS, lesson), ["gone.mp4: is not a file"])
    return out


def test_the_model_says_everything_of_itself(folder: Path, lesson: Lesson) -> None:
    described = describe(folder / CHECKPOINT)
    card = described.card
    assert (card.name, card.classes, card.features) == ("taught", ("Bark", "Meow|s"), RECIPE)
    assert EventConfig(**card.decoder) == EventConfig("hysteresis", 0.5)
    assert card.knows == "2 events taught by 3 films, and nothing else"
    assert card.training["leave_one_out"]["accuracy"] == 1
    assert card.training["leave_one_out"]["alone"] == ["Meow|s"]
    assert (card.training["films"], card.training["seconds"]) == (4, 7)
    assert card.training["not_used"] == ["gone.mp4: is not a file"]
    for name, array in lesson.taught._asdict().items():
        np.testing.assert_array_equal(described.extra[name], array)
    assert described.extra["usual_sounds"].shape == (527,)


def test_nothing_but_safe_formats(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["card.json", "card.md", "examples.csv", CHECKPOINT]


def test_the_card_for_programs_is_the_models(folder: Path) -> None:
    values = json.loads((folder / "card.json").read_text())
    assert values["classes"] == ["Bark", "Meow|s"]
    assert values["options"]["sharpness"] == 12


def test_the_card_for_people(folder: Path) -> None:
    text = (folder / "card.md").read_text()
    assert "| Bark | 2 | 5 |" in text
    assert "| Meow/s | 1 | 2 |" in text
    assert "top event right in 2 of 2 films (100%)" in text
    assert "efficientnet-lite0+mn04" in text


def test_what_gives_way_is_in_every_card(tmp_path: Path, lesson: Lesson, folder: Path) -> None:
    pairs = (("Whistle", "Bark"), ("Owl|s", "Meow|s"))
    write_folder(tmp_path, replace(lesson, gives_way=pairs), FILMS, leave_out(FILMS, lesson))
    card = describe(tmp_path / CHECKPOINT).card
    assert card.training["gives_way"] == [list(pair) for pair in pairs]
    assert json.loads((tmp_path / "card.json").read_text())["training"] == card.training
    assert card.options == describe(folder / CHECKPOINT).card.options
    line = "| everyday events that give way | those of the same names"
    page = (tmp_path / "card.md").read_text()
    assert f"{line}; Whistle where Bark is; Owl/s where Meow/s is |" in page
    assert f"{line} |" in (folder / "card.md").read_text()


def test_its_examples_can_be_taught_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    again = examples_in(folder / "examples.csv")
    assert [(e.label, e.path.name, e.onset, e.offset) for e in again] == [
        ("Bark", "dog, one.mp4", 0, 3),
        ("Bark", "dog2.mp4", 0, 2),
        ("Meow|s", "cat.mp4", 1, 3),
        ("background", "rain.mp4", 0, 4),
    ]


def test_rows_of_events(lesson: Lesson) -> None:
    (bark, meow) = event_rows(lesson, FILMS)
    assert bark[:3] == ("Bark", 2, 5)
    assert meow[:3] == ("Meow|s", 1, 2)
    assert meow[3] == pytest.approx(0.55)
    assert bark[3] > meow[3]


def test_an_earlier_model_is_replaced(folder: Path, tmp_path: Path) -> None:
    check_folder(folder)
    check_folder(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("picture")
    with pytest.raises(InputError, match=f"--out {tmp_path}: holds something else than a taught"):
        check_folder(tmp_path)
    (tmp_path / CHECKPOINT).write_text("no model")
    with pytest.raises(InputError, match="holds something else"):
        check_folder(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("file")
    with pytest.raises(InputError, match="out: is a file; give a folder"):
        check_folder(tmp_path / "out")
