"""JSON lines: the whole document of each video on a line of its own."""

import json

from hypothesis import given

from avel.pipeline.formats.jsonl import JSONL
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import results
from tests.pipeline.formats.results import NOT_UTF8, failed, plain, strange


@given(results())
def test_a_line_is_the_document(result: Result) -> None:
    text = JSONL.write([Entry(result), Entry(result)])
    lines = text.encode("utf-8").decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [json.loads(json.dumps(result.document()))] * 2


def test_videos_without_events_are_there() -> None:
    lines = JSONL.write(map(Entry, [failed(), plain(events=0), strange(), plain(NOT_UTF8)])).split(
        "\n"
    )
    assert [json.loads(line)["file"] for line in lines[:4]] == [
        "c.mp4",
        "a.mp4",
        "b,c.mp4",
        NOT_UTF8,
    ]
