"""Where the model looked, back from an earlier page; what is no such page says nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.json import document
from avel.pipeline.formats.read import read_results
from avel.pipeline.report.again import report_again
from avel.pipeline.report.earlier import looked_at
from avel.pipeline.report.page import Look, report_page
from avel.pipeline.report.page_data import as_json
from tests.pipeline.report.material import EVIL, everyday
from tests.pipeline.report.test_page import Page

ATTENTION = np.random.default_rng(0).dirichlet(np.ones(49), 4).astype(np.float32)


def written(path: Path, *, crop: bool = True, file: str = "a.mp4") -> Any:
    """An earlier page; what it carries."""
    path.write_text(report_page(everyday(file), Look(attention=ATTENTION, crop=crop)))
    return Page(path.read_text()).data


@pytest.mark.parametrize("crop", [True, False])
def test_the_weights_are_those_of_the_page(tmp_path: Path, crop: bool) -> None:
    written(tmp_path / "a.html", crop=crop, file=f"{EVIL}.mp4")
    found = looked_at(tmp_path / "a.html", 4)
    assert found is not None
    assert (found.weights.shape, found.crop) == ((4, 49), crop)
    low = ATTENTION.min(1, keepdims=True)
    share = (ATTENTION - low) / (ATTENTION.max(1, keepdims=True) - low)
    assert np.abs(found.weights - 255 * share).max() <= 0.51


def test_again_and_again_they_stay(tmp_path: Path) -> None:
    """Pages of a folder keep them, in place and elsewhere, to the last bit."""
    (tmp_path / "a.mp4.json").write_text(document(everyday()))
    first = written(tmp_path / "a.mp4.html", crop=False)["attention"]
    results = list(read_results(tmp_path))
    report_again(tmp_path / "out", results, Truth({}))
    report_again(tmp_path, results, Truth({}))
    report_again(tmp_path, results, Truth({}))
    for folder in (tmp_path, tmp_path / "out"):
        page = Page((folder / "a.mp4.html").read_text())
        assert page.data["attention"] == first
        assert "attention" in page.texts["dt"]


def test_a_page_of_another_length_is_of_another_film(tmp_path: Path) -> None:
    written(tmp_path / "a.html")
    assert looked_at(tmp_path / "a.html", 5) is None
    assert looked_at(tmp_path / "none.html", 4) is None
    assert looked_at(tmp_path, 4) is None


DATA = {"side": 2, "crop": True, "weights": "AAECAw=="}


@pytest.mark.parametrize(
    "changed",
    [
        {"side": 0},
        {"side": "two"},
        {"side": 3},
        {"side": 10**9},
        {"weights": "AAEC"},
        {"weights": "no base64!"},
        {"weights": 7},
        {"weights": None},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_left_out(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "a.html"

    def page(attention: Any) -> None:
        data = as_json({"attention": attention})
        path.write_text(f'<script type="application/json" id="data">{data}</script>')

    page(DATA)
    found = looked_at(path, 1)
    assert found is not None
    assert found.weights.tolist() == [[0, 1, 2, 3]]
    page({**DATA, **changed})
    assert looked_at(path, 1) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", "null", '{"attention": null}', '{"attention": [1]}']
)
def test_other_pages_say_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(f'<script type="application/json" id="data">{text}</script>')
    assert looked_at(path, 1) is None
    path.write_text(text)
    assert looked_at(path, 1) is None


def test_a_result_that_failed_has_a_page_nevertheless(tmp_path: Path) -> None:
    failed = replace(everyday(), status="failed", segments=0)
    (tmp_path / "a.mp4.json").write_text(json.dumps(failed.document()))
    written(tmp_path / "a.mp4.html")
    report_again(tmp_path, list(read_results(tmp_path)), Truth({}))
    assert Page((tmp_path / "a.mp4.html").read_text()).of("video") == []
