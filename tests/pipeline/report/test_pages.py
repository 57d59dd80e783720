"""A folder's pages: where they are, and that each film is looked at once."""

from pathlib import Path

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.report import pages as module
from avel.pipeline.report.pages import Pages
from avel.pipeline.report.preview import Preview
from tests.pipeline.report.material import film, result
from tests.pipeline.report.test_page import Page


def pages(tmp_path: Path, *files: str) -> Pages:
    made = Pages(tmp_path, Truth({}), None)
    made.names = {file: f"{number}-{file}" for number, file in enumerate(files)}
    return made


def test_a_film_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def preview(apart: object, found: object, run: object) -> Preview:
        looked.append(found)
        return Preview()

    monkeypatch.setattr(module, "preview", preview)
    made, found = pages(tmp_path, "a", "b"), [result("a"), result("b")]
    for each in found:
        made.page(each)
        made.entry(each)
    assert looked == found


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(apart: object, film: Path, copy: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_proxy", full)
    strange = film(tmp_path / "a.mkv", 2)
    with Pages(tmp_path, Truth({}), None, proxy=True) as made:
        made.names = {str(strange): "a.mkv"}
        with pytest.raises(EnvironmentProblem, match=r"a\.mkv\.proxy\.mp4: .*No space left"):
            made.page(result(str(strange)))


def test_places_are_counted(tmp_path: Path) -> None:
    with pages(tmp_path, "a", "b", "c") as made:
        assert [made.number(result(file)) for file in "cab"] == [2, 0, 1]
        assert made.entry(result("b"))["page"] == "1-b.html"
        links = [a["href"] for a in Page(made.page(result("b"))).of("a") if a["class"] == "b"]
    assert links == ["0-a.html", "index.html", "2-c.html"]
