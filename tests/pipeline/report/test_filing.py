"""Results into a folder as they come, with a page each and, if asked for, pictures."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.reasons import InputError
from avel.pipeline.report import attention, pictures
from avel.pipeline.report.filing import filing
from tests.pipeline.report.material import EVIL, result

TRUTH = Truth({"a": [("siren", 0.0, 1.0)]})


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "pictures_of", lambda run, result: [])


def write(out: Path, *results: Any, **options: Any) -> None:
    files = [each.file for each in results]
    with filing(out, files, TRUTH, object(), **{"attention": False, **options}) as take:  # type: ignore[arg-type]
        for each in results:
            take(each)


def test_a_json_and_a_page_each_and_all_events_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "new" / "out", result("x/a.mp4"), result("x/b.mp4", events=()))
    out = tmp_path / "new" / "out"
    names = {path.name for path in out.iterdir()}
    assert names == {"a.mp4.json", "a.mp4.html", "b.mp4.json", "b.mp4.html", "events.csv"}
    assert json.loads((out / "a.mp4.json").read_text())["file"] == "x/a.mp4"
    rows = list(csv.DictReader((out / "events.csv").open()))
    assert [(row["file"], row["label"]) for row in rows] == [
        ("x/a.mp4", "dog"),
        ("x/a.mp4", "bell"),
    ]
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", f"wrote 2 results to {out}\n")


def test_the_truth_stands_on_the_page_of_its_video(tmp_path: Path) -> None:
    write(tmp_path, result("a.mp4"), result("b.mp4"))
    assert "siren" in (tmp_path / "a.mp4.html").read_text()
    assert "siren" not in (tmp_path / "b.mp4.html").read_text()


def test_files_are_there_as_soon_as_their_result(tmp_path: Path) -> None:
    """Whoever looks before the end, or stops it, has what came."""
    with (
        pytest.raises(KeyboardInterrupt),
        filing(tmp_path, ["a.mp4", "b.mp4"], TRUTH, object(), attention=False) as take,  # type: ignore[arg-type]
    ):
        take(result("b.mp4"))
        assert (tmp_path / "b.mp4.json").is_file()
        raise KeyboardInterrupt
    assert {path.name for path in tmp_path.iterdir()} == {"b.mp4.json", "b.mp4.html"}


def test_names_and_labels_are_escaped(tmp_path: Path) -> None:
    write(tmp_path, replace(result("a.mp4"), notes=(EVIL,)))
    page = (tmp_path / "a.mp4.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_pictures_and_their_lack_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Drawn:
        def __init__(self, paths: list[Path], why_none: str = "") -> None:
            self.paths, self.why_none = paths, why_none

    class Pictures:
        def __init__(self, out: Path, *_: object) -> None:
            self.out = out

        def draw(self, name: str, results: list[Any]) -> Drawn:
            if results[0].file == "b.mp4":
                return Drawn([], "no picture in the file")
            return Drawn([self.out / f"{name}.attention.png"])

    monkeypatch.setattr(attention, "AttentionPictures", Pictures)
    write(tmp_path, result("a.mp4"), result("b.mp4"), attention=True)
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'a.mp4.attention.png'}",
        "b.mp4: no picture of it: no picture in the file",
        f"wrote 2 results to {tmp_path}",
    ]


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(InputError, match="is a file or lies in one; give a folder"):
        write(tmp_path / "f", result("a.mp4"))
