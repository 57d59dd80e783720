"""Every video on a line, whatever became of it."""

import csv
import io

from hypothesis import given

from avel.pipeline.formats.names import unescaped
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.videos import COLUMNS, VIDEOS
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import results
from tests.pipeline.formats.results import failed, plain, strange


def rows(*given: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(VIDEOS.write(map(Entry, given)), newline="")))


@given(results())
def test_a_line_each(result: Result) -> None:
    (row,) = rows(result)
    assert unescaped(row["file"]) == result.file
    assert int(row["events"]) == len(result.events)
    assert abs(float(row["duration"]) - result.duration) < 1e-6


def test_how_each_went() -> None:
    found = rows(plain(), failed(), strange())
    assert tuple(found[0]) == COLUMNS
    assert [row["status"] for row in found] == ["ok", "failed", "partial"]
    assert [row["reasons"] for row in found] == ["", "EMPTY", "TRUNCATED"]
    assert [row["events"] for row in found] == ["2", "0", "1"]
    assert found[0]["labels"] == "label 0; label 1"
    assert found[1]["message"] == "c.mp4: the file has 0 bytes"
    assert found[2]["notes"] == strange().notes[0]
    assert found[2]["duration"] == ""  # not known


def test_several_reasons_and_notes() -> None:
    (row,) = rows(
        Result("a", "partial", ("NO_AUDIO", "TRUNCATED"), notes=("one", "two"), duration=2.5)
    )
    assert (row["reasons"], row["notes"], row["duration"]) == (
        "NO_AUDIO TRUNCATED",
        "one; two",
        "2.5",
    )
