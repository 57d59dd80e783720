"""Raven's selection table, read back by crowsetta."""

from pathlib import Path

import crowsetta
import pandas
import pytest
from hypothesis import given

from avel.pipeline.formats.raven import COLUMNS, RAVEN
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


@given(results())
def test_pandas_reads_it_back(tmp_path_factory: pytest.TempPathFactory, result: Result) -> None:
    path = tmp_path_factory.mktemp("r") / "x.txt"
    path.write_text(RAVEN.write([Entry(result)]), "utf-8")
    read = pandas.read_csv(path, sep="\t", quoting=3, keep_default_na=False)
    assert tuple(read.columns) == COLUMNS
    holds(zip(read["Begin Time (s)"], read["End Time (s)"], strict=True), result, 1e-6)
    assert list(read["Annotation"].astype(str)) == [one_line(e.label) for e in result.events]
    assert list(read["Selection"]) == list(range(1, len(read) + 1))


@pytest.mark.parametrize("result", [plain(events=3), strange()], ids=["plain", "strange"])
def test_crowsetta_reads_it_back(tmp_path: Path, result: Result) -> None:
    """Whole seconds too: its schema takes no whole number for a float."""
    (tmp_path / "x.txt").write_text(RAVEN.write([Entry(result)]))
    read = crowsetta.formats.bbox.Raven.from_file(tmp_path / "x.txt", annot_col="Annotation").df
    holds(zip(read.begin_time_s, read.end_time_s, strict=True), result, 1e-6)
    assert list(read.annotation) == [one_line(event.label) for event in result.events]


def test_the_lines() -> None:
    lines = RAVEN.write([Entry(plain(events=1))]).splitlines()
    assert lines[1] == "1\tSpectrogram 1\t1\t0.0\t0.5\t0.0\t22050.0\tlabel 0\t0.2500\ta.mp4"
    assert RAVEN.write([Entry(failed())]).splitlines() == lines[:1]
