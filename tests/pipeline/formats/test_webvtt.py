"""WebVTT, read back by webvtt-py."""

import html

import webvtt
from hypothesis import given

from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.webvtt import WEBVTT
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange


def seconds(stamp: str) -> float:
    """Of `.start`: `.start_in_seconds` cuts the milliseconds off."""
    hours, minutes, rest = stamp.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


@given(results())
def test_webvtt_py_reads_it_back(result: Result) -> None:
    read = webvtt.from_string(WEBVTT.write([Entry(result)]))
    holds([(seconds(c.start), seconds(c.end)) for c in read.captions], result, 1e-3)
    texts = [html.unescape(caption.raw_text) for caption in read.captions]
    assert texts == [one_line(event.label) for event in result.events]


def test_the_text() -> None:
    assert WEBVTT.write([Entry(plain())]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\nlabel 0\n\n00:00:01.000 --> 00:00:01.500\nlabel 1\n\n"
    )
    assert 'Frying (food), "loud" and &lt;b&gt; &amp; ü\n' in WEBVTT.write([Entry(strange())])


def test_without_events_it_is_a_file_all_the_same() -> None:
    assert WEBVTT.write([Entry(failed())]) == "WEBVTT\n\n"
    assert webvtt.from_string("WEBVTT\n\n").captions == []
