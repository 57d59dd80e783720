"""YouTube's chapters: its three rules hold, whatever the events."""

import re

import pytest
from hypothesis import given

from avel.pipeline.formats.chapters import CHAPTERS, LEAST, LONGEST, merged, pieces
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.texts import one_line
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import results
from tests.pipeline.formats.results import failed

LINE = re.compile(r"(?:(\d+):)?(\d+):(\d\d) (.+)")


def starts(text: str) -> list[int]:
    found = [LINE.fullmatch(line) for line in text.split("\n")[:-1]]
    return [3600 * int(m[1] or 0) + 60 * int(m[2]) + int(m[3]) for m in found if m]


def video(*events: tuple[float, float, str], duration: float = 60.0) -> Entry:
    return Entry(Result("a", "ok", duration=duration, events=tuple(Event(*e, 0.5) for e in events)))


@given(results())
def test_the_rules_hold(result: Result) -> None:
    text = CHAPTERS.write([Entry(result)])
    found = starts(text)
    assert len(found) == text.count("\n")
    assert found[:1] in ([], [0])
    ends = [*found[1:], merged(pieces(result))[-1].end] if found else []
    if len(found) > 1:
        assert all(end - start >= LEAST for start, end in zip(found, ends, strict=True))
    assert all(len(line.split(" ", 1)[1]) <= LONGEST for line in text.split("\n")[:-1])


@given(results())
def test_every_label_is_in_the_chapter_where_it_begins(result: Result) -> None:
    found = merged(pieces(result))
    for event in result.events:
        (here,) = [c for c in found if c.start <= int(event.onset + 0.5) < c.end]
        assert one_line(event.label) in here.labels


def test_pieces_begin_and_end_with_events() -> None:
    text = CHAPTERS.write([video((12, 30, "Bark"), (30, 45.4, "Bell"))])
    assert text == "0:00 No event\n0:12 Bark\n0:30 Bell\n0:45 No event\n"


def test_short_ones_go_with_what_follows() -> None:
    text = CHAPTERS.write([video((3, 20, "Bark"), (20, 22, "Bell"), (22, 40, "Horn"), duration=45)])
    assert text == "0:00 Bark\n0:20 Bell, Horn\n"


def test_overlapping_events_share_a_chapter() -> None:
    text = CHAPTERS.write([video((0, 40, "Rain"), (15, 30, "Bark"))])
    assert text == "0:00 Rain\n0:15 Rain, Bark\n0:30 Rain\n0:40 No event\n"


def test_hours_are_written_where_there_are_some() -> None:
    text = CHAPTERS.write([video((3700, 3800, "Bark"), duration=4000)])
    assert text == "0:00:00 No event\n1:01:40 Bark\n1:03:20 No event\n"


def test_long_titles_are_cut() -> None:
    (line,) = CHAPTERS.write([video((0, 60, "x" * 150))]).splitlines()
    assert line == f"0:00 {'x' * 99}\u2026"


@pytest.mark.parametrize(("duration", "num"), [(60.0, 3), (8.0, 1)])
def test_too_few_are_told(duration: float, num: int) -> None:
    entry = video((12, 30, "Bark"), duration=duration) if num == 3 else video(duration=duration)
    cautions = list(CHAPTERS.cautions(entry))
    if num == 3:
        assert cautions == []
    else:
        assert cautions == [
            "YouTube shows chapters only where there are 3 of at least 10 s; this video gives 1"
        ]


def test_a_failed_video_has_none_and_needs_no_word() -> None:
    assert CHAPTERS.write([Entry(failed())]) == ""
    assert list(CHAPTERS.cautions(Entry(failed()))) == []
