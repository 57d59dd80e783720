"""Audacity's labels, read back by crowsetta and by pandas."""

from pathlib import Path

import crowsetta
import pandas
import pytest
from hypothesis import given

from avel.pipeline.formats.audacity import AUDACITY
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


@given(results())
def test_pandas_reads_it_back(tmp_path_factory: pytest.TempPathFactory, result: Result) -> None:
    path = tmp_path_factory.mktemp("a") / "x.txt"
    path.write_text(AUDACITY.write([Entry(result)]), "utf-8")
    if not result.events:
        assert path.read_text() == ""
        return
    read = pandas.read_csv(path, sep="\t", header=None, quoting=3, keep_default_na=False)
    holds(zip(read[0], read[1], strict=True), result, 1e-6)
    assert list(read[2].astype(str)) == [one_line(event.label) for event in result.events]


def test_crowsetta_reads_it_back(tmp_path: Path) -> None:
    result = plain(events=3)
    (tmp_path / "x.txt").write_text(AUDACITY.write([Entry(result)]))
    read = crowsetta.formats.seq.AudSeq.from_file(tmp_path / "x.txt")
    holds(zip(read.start_times, read.end_times, strict=True), result, 1e-6)
    assert list(read.labels) == ["label 0", "label 1", "label 2"]


def test_the_text() -> None:
    assert AUDACITY.write([Entry(strange())]) == (
        '1.000000\t3.500000\tFrying (food), "loud" and <b> & ü\n'
    )
    assert AUDACITY.write([Entry(failed())]) == ""
