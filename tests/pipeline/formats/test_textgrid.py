"""TextGrids, read back by praatio, which refuses overlaps and holes."""

from pathlib import Path

import pytest
from hypothesis import given
from praatio import textgrid

from avel.pipeline.formats.layers import layers
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.textgrid import TEXTGRID
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


def read(folder: Path, result: Result) -> textgrid.Textgrid:
    path = folder / "x.TextGrid"
    path.write_text(TEXTGRID.write([Entry(result)]), "utf-8")
    return textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")


@given(results())
def test_praatio_reads_it_back(tmp_path_factory: pytest.TempPathFactory, result: Result) -> None:
    grid = read(tmp_path_factory.mktemp("t"), result)
    found = layers(result.events, 10**6)
    assert len(grid.tierNames) == 2 * len(found)
    for number, layer in enumerate(found):
        name = f"events {number + 1}" if number else "events"
        entries = grid.getTier(name).entries
        own = Result("a", "ok", events=tuple(p.event for p in layer))
        holds([(e.start, e.end) for e in entries], own, 1e-6)
        assert [e.label for e in entries] == [one_line(p.event.label).strip() for p in layer]
        scores = grid.getTier(f"{name} score").entries
        assert [e.label for e in scores] == [f"{p.event.score:.4f}" for p in layer]


def test_tiers_have_no_holes() -> None:
    events = (Event(1, 2, 'say "a"', 0.5), Event(1.5, 3, "b", 0.25))
    text = TEXTGRID.write([Entry(Result("a.mp4", "ok", duration=4.5, events=events))])
    assert text.count("IntervalTier") == 4
    assert 'text = "say ""a""" \n' in text
    assert text.startswith(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 4.5 \n'
    )
    first = text[text.index("item [1]") : text.index("item [2]")]
    assert [line.strip() for line in first.splitlines() if "xm" in line] == [
        "xmin = 0", "xmax = 4.5", "xmin = 0", "xmax = 1", "xmin = 1", "xmax = 2", "xmin = 2", "xmax = 4.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "result", [failed(), plain(events=0), strange()], ids=["failed", "none", "nan"]
)
def test_a_grid_without_events_or_duration_can_be_opened(tmp_path: Path, result: Result) -> None:
    grid = read(tmp_path, result)
    assert grid.tierNames == ("events", "events score")
    assert grid.maxTimestamp > 0
