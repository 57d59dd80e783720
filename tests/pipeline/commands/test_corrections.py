"""The whole way around: localize, export, correct in each format's own file, back, teach, and the
answer is another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.cli import main
from avel.pipeline.learning import teach as teaching
from avel.pipeline.method.stores import open_store, pack
from tests.conftest import SHARED
from tests.outside import outside
from tests.pipeline.commands.said import run_json
from tests.pipeline.learning.taught_cache import CachedEveryday
from tests.pipeline.learning.taught_films import features, write_model
from tests.pipeline.media.pieces import film

HEARD = {"fox.mp4": [5, 5, 0, 0, 0, 5], "cat.mp4": [5, 1, 1, 1, 5, 5]}
"""What is heard in each second: 0 is a bark to the model, 1 a meow, 5 rain."""
EXPORTS = {
    "json": "fox.mp4.json",
    "csv": "events.csv",
    "tsv": "events.tsv",
    "jsonl": "events.jsonl",
    "webvtt": "fox.mp4.vtt",
    "srt": "fox.mp4.srt",
    "audacity": "fox.mp4.audacity.txt",
    "raven": "fox.mp4.selections.txt",
    "eaf": "fox.mp4.eaf",
    "textgrid": "fox.mp4.TextGrid",
    "labelstudio": "events.labelstudio.json",
}
"""Formats that people correct, and the file in which the fox stands."""


def known(folder: Path) -> tuple[Path, Path, Path]:
    """Films, a cache that has their features, and a model that takes a fox for a dog."""
    films, cache = folder / "films", folder / "cache"
    films.mkdir()
    keys = ContentKeys(cache)
    with open_store(cache, CachedEveryday().features).writer() as writer:
        for number, (name, heard) in enumerate(HEARD.items()):
            path = film(films / name, float(len(heard)), rate=5 + number)
            writer.add(keys.key(path), pack(features(heard, [number] * len(heard))))
    return films, cache, write_model(folder / "model")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Films, the cache, and what the model found, in every format."""
    folder = tmp_path_factory.mktemp("loop")
    films, cache, model = known(folder)
    where = ["--out", folder / "results", "--format", ",".join(EXPORTS), "--cache-dir", cache]
    assert main([str(w) for w in ["localize", films, "--model", model, *where, "--quiet"]]) == 0
    return films, cache, folder / "results"


def answers(
    capsys: pytest.CaptureFixture[str], films: Path, cache: Path, model: Path
) -> dict[str, list[tuple[str, float, float]]]:
    how = ["--model", model, "--cache-dir", cache, "--json"]
    code, found = run_json(capsys, "localize", films, *how)
    assert code == 0
    return {
        Path(each["file"]).name: [(e["label"], e["onset"], e["offset"]) for e in each["events"]]
        for each in found
    }


def around(
    capsys: pytest.CaptureFixture[str], folder: Path, films: Path, cache: Path, *inputs: Path
) -> dict[str, list[tuple[str, float, float]]]:
    """From corrected files to a dataset, from that to a model, and from that to answers."""
    made, model = folder / "dataset", folder / "mine"
    where = ["--media", films, "--out", made, "--cache-dir", cache]
    assert main(["dataset", "from-annotations", *map(str, [*inputs, *where])]) == 0
    assert main(["teach", "--from", str(made), "--out", str(model), "--cache-dir", str(cache)]) == 0
    capsys.readouterr()
    return answers(capsys, films, cache, model)


def with_annotations(text: str) -> str:
    """As Label Studio exports our tasks once somebody has submitted them."""
    tasks = json.loads(text)
    for task in tasks:
        result = task["predictions"][0]["result"]
        task["annotations"] = [{"id": 1, "completed_by": {"email": "ann@x.org"}, "result": result}]
    return json.dumps(tasks)


AFTER: dict[str, Callable[[str], str]] = {"labelstudio": with_annotations}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_label_that_is_corrected_changes_the_answer(
    name: str,
    exported: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    films, cache, results = exported
    monkeypatch.setattr(teaching, "Everyday", CachedEveryday)
    file = EXPORTS[name]
    inputs = [file] if file.startswith("events") else [file, file.replace("fox", "cat")]
    for each in inputs:
        text = AFTER.get(name, str)((results / each).read_text())
        if each == file:
            assert "Bark" in text
            text = text.replace("Bark", "Howl")
        (tmp_path / each).write_text(text)
    found = around(capsys, tmp_path, films, cache, *(tmp_path / each for each in inputs))
    assert found == {"fox.mp4": [("Howl", 2, 5)], "cat.mp4": [("Meow", 1, 4)]}


def test_what_the_model_said_before(
    exported: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    films, cache, results = exported
    found = answers(capsys, films, cache, results.parent / "model")
    assert found == {"fox.mp4": [("Bark", 2, 5)], "cat.mp4": [("Meow", 1, 4)]}


def test_boxes_that_were_drawn_in_cvat(
    exported: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Frames are those of each film: the fox's come five a second, the cat's six."""
    films, cache, _ = exported
    monkeypatch.setattr(teaching, "Everyday", CachedEveryday)
    for name, label, start, stop in (("fox", "Howl", 10, 25), ("cat", "Meow", 6, 24)):
        boxes = f'<box frame="{start}" outside="0"/><box frame="{stop}" outside="1"/>'
        (tmp_path / f"{name}.xml").write_text(
            f"<annotations><version>1.1</version><meta><task><source>{name}.mp4</source></task>"
            f'</meta><track id="0" label="{label}">{boxes}</track></annotations>'
        )
    inputs = [tmp_path / f"{name}.xml" for name in ("fox", "cat")]
    found = around(capsys, tmp_path, films, cache, *inputs)
    assert found == {"fox.mp4": [("Howl", 2, 5)], "cat.mp4": [("Meow", 1, 4)]}


def test_an_event_that_is_deleted_is_background(
    exported: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    films, cache, results = exported
    monkeypatch.setattr(teaching, "Everyday", CachedEveryday)
    (tmp_path / "fox.audacity.txt").write_text("")
    shutil.copy(results / "cat.mp4.audacity.txt", tmp_path)
    inputs = [tmp_path / "fox.audacity.txt", tmp_path / "cat.mp4.audacity.txt"]
    found = around(capsys, tmp_path, films, cache, *inputs)
    assert found == {"fox.mp4": [], "cat.mp4": [("Meow", 1, 4)]}


@pytest.mark.slow
def test_real_films_with_the_everyday_encoder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the everyday model calls a bark is called something else from then on."""
    real, weights = outside(SHARED / "real"), outside(SHARED / "weights")
    films, out = tmp_path / "films", tmp_path / "results"
    films.mkdir()
    for name in ("dog_bark_03.mp4", "accordion_01.mp4"):
        shutil.copy(real / name, films)
    how = ["--weights", weights / "mn04_as_mAP_432.pt", "--cache-dir", tmp_path / "cache"]
    found = ["localize", films, "--out", out, "--format", "eaf", "--quiet", *how]
    assert main([str(word) for word in found]) == 0
    dog = out / "dog_bark_03.mp4.eaf"
    assert "Bark" in dog.read_text()
    dog.write_text(dog.read_text().replace("Bark", "Rex"))
    where = ["--media", films, "--out", tmp_path / "d", "--cache-dir", tmp_path / "cache"]
    assert main([str(w) for w in ["dataset", "from-annotations", *out.glob("*.eaf"), *where]]) == 0
    taught = ["teach", "--from", tmp_path / "d", "--out", tmp_path / "mine", *how]
    assert main([str(word) for word in taught]) == 0
    capsys.readouterr()
    asked: list[Any] = [films / "dog_bark_03.mp4", real / "dog_bark_04.mp4"]
    code, answered = run_json(
        capsys, "localize", *asked, "--model", tmp_path / "mine", "--json", *how
    )
    assert code == 0
    labels = [{event["label"] for event in each["events"]} for each in answered]
    assert labels[0] == {"Rex"}
    assert "Rex" in labels[1]
