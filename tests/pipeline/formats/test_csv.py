"""CSV: one line for each event, whatever is in its label."""

import csv
import io
import os

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.csv import COLUMNS, CSV
from avel.pipeline.formats.csv import lines as written
from avel.pipeline.formats.names import unescaped
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import NOT_UTF8, STRANGE, failed, plain, strange


def lines(result: Result) -> str:
    return written(Entry(result))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_line_for_each_event_with_places_as_documented() -> None:
    assert rows(lines(plain())) == [
        ["a.mp4", "0", "0.5", "label 0", "0.2500"],
        ["a.mp4", "1", "1.5", "label 1", "0.2500"],
    ]


def test_what_needs_quotes_is_quoted() -> None:
    assert rows(lines(strange())) == [["b,c.mp4", "1", "3.5", STRANGE, "0.7500"]]


def test_videos_without_events_have_no_line() -> None:
    assert lines(failed()) == lines(plain(events=0)) == ""


def test_the_file_begins_with_its_columns() -> None:
    assert CSV.together
    found = rows(CSV.write(map(Entry, [failed(), plain(), strange()])))
    assert found[0] == list(COLUMNS) == ["file", "onset", "offset", "label", "score"]
    assert [row[0] for row in found[1:]] == ["a.mp4", "a.mp4", "b,c.mp4"]
    assert CSV.write([]) == "file,onset,offset,label,score\n"


def test_lines_end_as_unix_has_them_and_are_utf8() -> None:
    text = lines(plain(NOT_UTF8))
    assert "\r" not in text
    assert text.encode("utf-8").startswith(b"caf\\udce9.mp4,0,")


@given(st.binary(min_size=1, max_size=12).map(os.fsdecode))
def test_a_line_is_a_line_and_the_name_can_be_had_again(name: str) -> None:
    """Whatever bytes a file is named with."""
    text = lines(plain(name, events=1))
    assert len(text.encode("utf-8").decode().splitlines()) == 1
    assert unescaped(rows(text)[0][0]) == name


@given(results())
def test_whatever_is_in_a_label_reads_back_as_it_was(result: Result) -> None:
    found = rows(CSV.write([Entry(result)]))[1:]
    holds([(float(row[1]), float(row[2])) for row in found], result, 1e-6)
    labels = [e.label.encode("utf-8", "backslashreplace").decode() for e in result.events]
    assert [row[3] for row in found] == labels


def test_times_late_in_a_long_film_keep_their_places() -> None:
    """Six digits in all would be a tenth of a second here."""
    event = Event(12_345.25, 12_345.678901, "a", 0.5)
    assert lines(Result("a", "ok", events=(event,))) == "a,12345.25,12345.678901,a,0.5000\n"
