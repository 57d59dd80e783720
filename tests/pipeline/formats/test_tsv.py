"""TSV: a line for each event that `cut` and `awk` split right."""

import io

import pandas
from hypothesis import given

from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.tsv import TSV
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


@given(results())
def test_pandas_reads_it_back(result: Result) -> None:
    read = pandas.read_csv(
        io.StringIO(TSV.write([Entry(result)])), sep="\t", quoting=3, keep_default_na=False
    )
    holds(zip(read.onset, read.offset, strict=True), result, 1e-6)
    assert list(read.label.astype(str)) == [one_line(event.label) for event in result.events]
    assert all(
        abs(score - event.score) <= 5.1e-5
        for score, event in zip(read.score, result.events, strict=True)
    )


def test_lines() -> None:
    text = TSV.write(map(Entry, [plain(), failed(), strange()]))
    assert text.splitlines()[:2] == [
        "file\tonset\toffset\tlabel\tscore",
        "a.mp4\t0\t0.5\tlabel 0\t0.2500",
    ]
    assert text.splitlines()[3] == 'b,c.mp4\t1\t3.5\tFrying (food), "loud" and <b> & ü\t0.7500'
    assert TSV.together
