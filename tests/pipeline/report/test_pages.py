"""A folder's pages: where they are, and that each film is looked at once."""

from pathlib import Path

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.report import pages as module
from avel.pipeline.report.pages import Pages
from avel.pipeline.report.preview import Preview
from tests.pipeline.report.material import result
from tests.pipeline.report.test_page import Page


def pages(tmp_path: Path, *files: str) -> Pages:
    made = Pages(tmp_path, Truth({}), None)
    made.names = {file: f"{number}-{file}" for number, file in enumerate(files)}
    return made


def test_a_film_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def preview(found: object, run: object) -> Preview:
        looked.append(found)
        return Preview()

    monkeypatch.setattr(module, "preview", preview)
    made, found = pages(tmp_path, "a", "b"), [result("a"), result("b")]
    for each in found:
        made.page(each)
        made.entry(each)
    assert looked == found


def test_places_are_counted(tmp_path: Path) -> None:
    made = pages(tmp_path, "a", "b", "c")
    assert [made.number(result(file)) for file in "cab"] == [2, 0, 1]
    assert made.entry(result("b"))["page"] == "1-b.html"
    links = [a["href"] for a in Page(made.page(result("b"))).of("a") if a["class"] == "b"]
    assert links == ["0-a.html", "index.html", "2-c.html"]
