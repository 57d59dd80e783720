"""The page of two runs: the difference, how sure it is, classes and videos."""

from dataclasses import replace
from pathlib import Path

import pytest

from avel.pipeline.report import compare_page as module
from avel.pipeline.report.compare_page import NAME, compare_page, write_compare_page
from avel.pipeline.report.differences import axis
from avel.pipeline.studies.compare import Change, Comparison
from tests.pipeline.report.material import EVIL
from tests.pipeline.report.test_page import VOID, Page
from tests.pipeline.report.test_run_page import texts

FOUND = Comparison(
    accuracies=(62.5, 75.0),
    interval=(2.0, 20.0),
    classes={"dog": (80.0, 60.0, 10), EVIL: (0.0, 40.0, 5), "none": (0.0, 0.0, 0)},
    changes=[Change("abc", "dog", 2, 9), Change(EVIL, EVIL, 5, 4)],
    videos=4,
)
NAMES = ("one", "two")


def page(found: Comparison = FOUND) -> Page:
    VOID.update({"rect", "line", "circle", "path"})
    return Page(compare_page(found, NAMES))


def test_the_difference_and_how_sure_it_is() -> None:
    found = page().texts
    assert found["h1"] == ["one and two"]
    assert dict(zip(found["dt"], found["dd"], strict=True)) == {
        "one": "62.5 %",
        "two": "75.0 %",
        "difference": "+12.5 points",
        "videos": "4",
    }
    assert found["p"][0].startswith("two is better: the 95 % interval of the difference does not")
    assert found["span"][:2] == ["← one better", "two better →"]
    assert {"0", "+5", "+20"} <= set(found["text"])
    assert (
        "+12.5 (+2 to +20) points of segment accuracy: the dot is the difference" in found["p"][1]
    )


@pytest.mark.parametrize(
    ("interval", "said"), [((-9.0, -1.0), "one is better"), ((-1.0, 9.0), "They may be equally")]
)
def test_the_verdict_follows_the_interval(interval: tuple[float, float], said: str) -> None:
    assert page(replace(FOUND, interval=interval)).texts["p"][0].startswith(said)


def test_the_interval_stands_on_its_axis() -> None:
    shown = page()
    (bar,) = [a for a in shown.of("rect") if a["class"] == "better"]
    (dot,) = shown.of("circle")
    over = axis(FOUND.interval)
    assert bar["x"] == f"{over.at(2):.2f}%"
    assert bar["width"] == f"{over.at(20) - over.at(2):.2f}%"
    assert dot["cx"] == f"{over.at(12.5):.2f}%"


def test_videos_by_their_difference() -> None:
    (better,) = [a for a in page().of("path") if a.get("class") == "gain"]
    assert better["d"] == "M0 50V0.0H25.00V50.0H50.00V50.0H75.00V50.0H100.00V50Z"
    assert any("1 better, 1 worse, 2 alike" in text for text in page().texts["p"])


def test_classes_are_ordered_by_what_the_second_gains() -> None:
    shown = page(replace(FOUND, classes={**FOUND.classes, "same": (5.0, 5.0, 9)}))
    bars = [a for a in shown.of("rect") if a["class"] in ("gain", "loss")]
    assert [(a["class"], a["x"], a["width"]) for a in bars] == [
        ("gain", "50.00%", "50.00%"),
        ("loss", "25.00%", "25.00%"),
    ]
    assert shown.texts["span"][2:] == [EVIL, "0 → 40 %", "dog", "80 → 60 %"]
    assert shown.texts["i"] == ["of 5", "of 10"]
    assert any("Alike in 1 class." in text for text in shown.texts["p"])


def test_videos_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page().texts["td"] == [
        *("abc", "dog", "2 → 9", "+7"),
        *(EVIL, EVIL, "5 → 4", "\N{MINUS SIGN}1"),
    ]
    monkeypatch.setattr(module, "MOST_CHANGES", 1)
    assert "and 1 more" in page().texts["p"]
    assert "td" not in page(replace(FOUND, changes=[])).texts


def test_equal_runs_are_a_page_too(tmp_path: Path) -> None:
    same = replace(
        FOUND, accuracies=(50.0, 50.0), interval=(0.0, 0.0), classes={"dog": (1.0, 1.0, 3)}
    )
    path = write_compare_page(tmp_path, same, NAMES)
    assert path == tmp_path / NAME
    assert "+0.0 points" in texts(path.read_text())["dd"]
