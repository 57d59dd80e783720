"""A result as a small picture: what it shows, and that it stays small."""

import sys
from types import ModuleType, SimpleNamespace
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest

from avel.pipeline.method.events import Event
from avel.pipeline.method.notebook import BLOCK, WIDTH, as_html, displayed
from avel.pipeline.method.results import Result
from tests.pipeline.report.material import EVIL, everyday, evil, result


def tree(found: Result) -> Element:
    """Its elements; HTML of this kind is XML too."""
    return fromstring(as_html(found))


def blocks(found: Result) -> list[tuple[int, int, int]]:
    """Place, row and width of the events."""
    every = tree(found).iter("rect")
    rows = [(int(r.attrib["x"]), float(r.attrib["y"]), int(r.attrib["width"])) for r in every]
    top = min(y for _, y, _ in rows)
    return [(x, round((y - top) / (BLOCK + 2)), width) for x, y, width in rows]


def names(found: Result) -> list[str]:
    return [str(t.text) for t in tree(found).iter("text") if t.attrib.get("text-anchor") == "end"]


def test_lanes_are_what_the_model_knows() -> None:
    assert names(everyday()) == ["heard", "seen", "both", "events"]
    assert names(result()) == ["event", "events"]
    assert len(list(tree(everyday()).iter("path"))) == 3


def test_a_lane_is_as_high_as_its_share() -> None:
    (path,) = tree(result(relevance=(0.0, 1.0, 0.5, 0.25))).iter("path")
    steps = [part.split("H") for part in path.attrib["d"].split("V")[1:-1]]
    assert [float(y) for y, _ in steps] == [26.0, 0.0, 13.0, 19.5]
    assert [int(x) for _, x in steps] == [206, 411, 617, 720]  # the last lasts half a second


def test_events_stand_where_they_are() -> None:
    scale = WIDTH / 3.5
    assert blocks(result()) == [(0, 0, round(2 * scale)), (round(3 * scale), 0, round(0.5 * scale))]


def test_what_overlaps_stands_below() -> None:
    events = tuple(Event(n / 10, 3.0, f"label {n}", 0.5) for n in range(4))
    assert [row for _, row, _ in blocks(result(events=events))] == [0, 1, 2, 2]


def test_the_first_events_are_in_words() -> None:
    text = " ".join(tree(everyday()).itertext())
    assert "a.mp4" in text
    assert "3.5 s, 2 events, ok" in text
    assert "0.0 to 2.0 s: Bark, 0.90" in text
    many = tuple(Event(float(n), n + 0.5, "a", 0.5) for n in range(11))
    assert "and 3 more" in " ".join(tree(result(events=many)).itertext())


def test_a_long_film_stays_small_and_loses_no_peak() -> None:
    rng = np.random.default_rng(0)
    T = 7200
    shares = tuple(("a label", float(x)) for x in rng.uniform(0, 0.5, T))
    relevance = [0.1] * T
    relevance[5001] = 1.0
    onsets = np.sort(rng.uniform(0, T - 3, 3000))
    events = tuple(
        Event(float(t), float(t) + 2, f"label {n % 30}", 0.5) for n, t in enumerate(onsets)
    )
    long = Result("a.mp4", "ok", duration=float(T), segments=T, events=events, heard=shares)
    found = as_html(Result(**{**vars(long), "seen": shares, "relevance": tuple(relevance)}))
    assert len(found.encode()) < 50_000
    both = list(fromstring(found).iter("path"))[2].attrib["d"]
    assert "V64.0H" in both  # the top of the third lane


def test_no_label_is_markup() -> None:
    text = as_html(evil())
    assert "<script" not in text
    assert EVIL in " ".join(tree(evil()).itertext())


def test_a_file_that_failed_says_why() -> None:
    text = as_html(Result("a.mp4", "failed", ("EMPTY",), message="a.mp4: has 0 bytes"))
    assert "a.mp4: has 0 bytes" in text
    assert "<svg" not in text


def test_notebooks_ask_for_it() -> None:
    assert result()._repr_html_() == as_html(result())


def test_numbers_that_are_none_are_no_height() -> None:
    assert "nan" not in as_html(result(relevance=(float("nan"),) * 4))


def test_a_film_of_unknown_length_is_as_long_as_its_segments() -> None:
    none = {"threshold": None}
    found = as_html(result(duration=float("nan"), segments=4, decoder=none))
    assert found == as_html(result(duration=4.0, segments=4, decoder={}))


def shell(monkeypatch: pytest.MonkeyPatch, running: object) -> list[Result]:
    """What IPython was given to show; `running` is what it says that runs."""
    shown: list[Result] = []
    module, display = ModuleType("IPython"), ModuleType("IPython.display")
    module.get_ipython = lambda: running  # type: ignore[attr-defined]
    display.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_it_shows_in_the_notebook_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, found = shell(monkeypatch, SimpleNamespace(kernel=object())), result()
    assert displayed(found)
    assert shown == [found]


@pytest.mark.parametrize("running", [None, SimpleNamespace(), SimpleNamespace(kernel=None)])
def test_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch, running: object) -> None:
    shown = shell(monkeypatch, running)
    assert not displayed(result())
    assert shown == []


def test_without_ipython_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not displayed(result())
