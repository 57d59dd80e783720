"""SubRip, read back by srt and by pysubs2."""

import pysubs2
import srt
from hypothesis import given

from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.srt import LOOKALIKES, SRT
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


@given(results())
def test_srt_reads_it_back(result: Result) -> None:
    read = list(srt.parse(SRT.write([Entry(result)])))
    holds([(s.start.total_seconds(), s.end.total_seconds()) for s in read], result, 1e-3)
    assert [s.content for s in read] == [
        one_line(e.label).translate(LOOKALIKES) for e in result.events
    ]
    assert [s.index for s in read] == list(range(1, len(read) + 1))


@given(results())
def test_pysubs2_drops_nothing_of_it(result: Result) -> None:
    text = SRT.write([Entry(result)])
    read = pysubs2.SSAFile.from_string(text, "srt")
    holds([(s.start / 1000, s.end / 1000) for s in read], result, 1e-3)
    assert [s.plaintext for s in read] == [
        one_line(e.label).translate(LOOKALIKES) for e in result.events
    ]


def test_the_text() -> None:
    assert SRT.write([Entry(plain(events=1))]) == "1\n00:00:00,000 --> 00:00:00,500\nlabel 0\n\n"
    assert 'Frying (food), "loud" and \u2039b\u203a & ü\n' in SRT.write([Entry(strange())])
    assert SRT.write([Entry(failed())]) == ""
