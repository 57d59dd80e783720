"""One result as people read it: what is where, why there is nothing, and no name as a command."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.names import unescaped
from avel.pipeline.formats.telling import MOST_LANES, NOTHING, answer, briefly, fully, shared
from avel.pipeline.method.events import Disagreement, Event, Evidence, Sound
from avel.pipeline.method.results import Result
from avel.pipeline.work.screen import Screen, width
from tests.pipeline.formats.results import failed, plain, strange

PIPE, NARROW, WIDE = Screen(), Screen(24), Screen(80)
COLOURED = Screen(80, colours=True)
KNOWS = "106 everyday events"
NO_EVENT = f"no event: the highest relevance of any segment is 0.01, the threshold 0.32 ({KNOWS})"
STRANGER = (
    f"out of domain: 0% of the segments resemble the model's training data ({KNOWS}); "
    "3 doubtful event(s) withheld"
)


def dogs(**more: object) -> Result:
    both = Evidence(1.5, 5.7, "supports")
    events = (Event(0.0, 2.0, "Bark", 0.99, both), Event(4.0, 5.0, "Siren", 0.5))
    model = {"name": "everyday", "knows": KNOWS}
    given = {"duration": 6.0, "segments": 6, "events": events, "model": model, **more}
    return Result("dogs.mp4", "ok", **given)  # type: ignore[arg-type]


def bare(text: str) -> str:
    return re.sub(r"\x1b\[\d+m", "", text)


def test_a_result_in_a_pipe_is_a_list() -> None:
    result = replace(
        plain(),
        reasons=("TRUNCATED",),
        notes=("the file ends early",),
        disagreements=(Disagreement(0.0, 1.0, "cat", "heard, not seen", words="no cat"),),
    )
    assert fully(result, [("dog", 0.0, 12.0)], PIPE).splitlines() == [
        "a.mp4  3.0 s  ok (TRUNCATED)",
        "     0.0 -    0.5 s  0.25  label 0",
        "     1.0 -    1.5 s  0.25  label 1",
        "     0.0 -    1.0 s  (heard, not seen)  cat: no cat",
        "     0.0 -   12.0 s  truth  dog",
    ]


def test_a_terminal_gets_a_timeline_too() -> None:
    truth = [("Bark", 0.0, 3.0)]
    assert fully(dogs(), truth, Screen(42)).splitlines() == [
        "dogs.mp4  6.0 s  ok",
        "  Bark        ━━━━━━━━──────────────── ".rstrip(),
        "  Siren       ────────────────━━━━────",
        "  truth Bark  ━━━━━━━━━━━━────────────",
        "              0 s     2 s     4 s",
        "     0.0 -    2.0 s  0.99  Bark  (heard +1.5, seen +5.7)",
        "     4.0 -    5.0 s  0.50  Siren",
        "     0.0 -    3.0 s  truth  Bark",
    ]


def test_colours_change_no_letter_and_a_label_has_one() -> None:
    coloured, plain_ = fully(dogs(), [], COLOURED), fully(dogs(), [], WIDE)
    assert bare(coloured) == plain_
    lane, line = (line for line in coloured.splitlines() if "Siren" in line)
    assert {"36"} == {*re.findall(r"\[(\d+)mSiren", lane + line)}
    assert "\x1b[36m━" in lane


def test_all_sounds_and_notes_where_they_are_asked_for() -> None:
    result = dogs(sounds=(Sound(1.0, 2.0, "Purr", 0.4),), notes=("a note",))
    assert "Purr" not in fully(result, [], PIPE)
    assert "     1.0 -    2.0 s  0.40  heard  Purr" in fully(result, [], PIPE, heard=True)
    assert "a note" not in fully(result, [], PIPE)
    assert fully(result, [], PIPE, verbose=True).endswith("\n  note: a note")


def test_sight_that_cannot_tell_is_said() -> None:
    event = Event(0.0, 1.0, "Wind", 0.5, Evidence(2.0, -0.1, "cannot tell"))
    assert "Wind  (heard +2.0, seen -0.1, sight cannot tell)" in fully(
        dogs(events=(event,)), [], PIPE
    )


@pytest.mark.parametrize(
    ("reasons", "notes", "said", "brief"),
    [
        ((), (NO_EVENT,), NOTHING, "no event"),
        (("NO_AUDIO",), ("the file gives no sound, …",), f"no sound, so {NOTHING}", "no sound"),
        (("NO_VIDEO",), ("the file gives no picture",), f"no picture, so {NOTHING}", "no picture"),
        ((), (STRANGER,), STRANGER.replace(f" ({KNOWS})", ""), "out of domain"),
    ],
)
def test_why_there_is_nothing(
    reasons: tuple[str, ...], notes: tuple[str, ...], said: str, brief: str
) -> None:
    """In plain words, with the numbers where they are asked for."""
    result = dogs(events=(), reasons=reasons, notes=notes)
    assert answer(result) == said
    assert shared(result) == []
    assert fully(result, [], WIDE).splitlines()[1:] == [f"  {said}"]
    assert fully(result, [], WIDE, verbose=True).splitlines()[2] == f"  note: {notes[0]}"
    assert briefly(result, WIDE, 8).endswith(f"──  {brief}")


def test_notes_that_others_may_have_too() -> None:
    sound = "the file gives no sound, so no event can be both seen and heard"
    assert shared(dogs(notes=("packets were damaged", NO_EVENT))) == ["packets were damaged"]
    assert shared(dogs(notes=(sound,), reasons=("NO_AUDIO",))) == [sound], "events, though"


def test_a_file_that_failed_says_why() -> None:
    assert fully(failed("c.mp4"), [], WIDE).splitlines() == [
        "c.mp4  0.0 s  failed (EMPTY)",
        "  c.mp4: the file has 0 bytes",
    ]
    assert briefly(failed("c.mp4"), WIDE, 5) == "c.mp4    failed  the file has 0 bytes"


def test_one_line() -> None:
    line = briefly(dogs(), WIDE, 10)
    assert line == "dogs.mp4       6.0 s  ━━━━━━╸──────╺━━╸───  Bark 0-2 s, Siren 4-5 s"
    coloured = briefly(dogs(), COLOURED, 10)
    assert bare(coloured) == line
    assert "\x1b[32m━━" in coloured


def test_a_narrow_terminal_gets_less_of_it() -> None:
    assert briefly(dogs(), NARROW, 8) == "dogs.mp4     6.0 s  Bar…"
    assert len(fully(dogs(), [], NARROW).splitlines()) == 6
    long = dogs(events=(Event(0.0, 1.0, "犬の鳴き声" * 9, 0.5),))
    lane, marks = fully(long, [], NARROW).splitlines()[1:3]
    assert width(lane) <= 24
    assert marks.index("0") == width(lane.partition("━")[0])


@given(st.integers(20, 200), st.integers(1, 60), st.text(max_size=30), st.floats(0.5, 90_000))
def test_one_line_is_no_longer_than_the_screen(
    columns: int, names: int, label: str, duration: float
) -> None:
    result = dogs(events=(Event(0.0, duration / 2, label, 0.5),), duration=duration)
    line = briefly(result, Screen(columns), names)
    assert width(line) <= max(columns, 26)
    assert "\n" not in line


def test_many_labels_are_counted() -> None:
    events = tuple(Event(float(n), n + 1.0, f"label {n}", 0.5) for n in range(MOST_LANES + 3))
    lines = fully(dogs(events=events, duration=20.0), [], WIDE).splitlines()
    assert lines[1 + MOST_LANES] == "  and 3 more"
    assert sum(" - " in line for line in lines) == len(events)


@pytest.mark.parametrize("duration", [0.0, math.nan, math.inf])
def test_a_film_of_no_length_has_no_timeline(duration: float) -> None:
    assert "━" not in fully(dogs(duration=duration), [], WIDE)
    assert "━" not in briefly(dogs(duration=duration), WIDE, 8)


def test_control_characters_are_shown_as_such() -> None:
    name = "\x1b[31mred\a\r\n\udcff\\.mp4"
    shown = fully(failed(name), [], PIPE)
    assert len(shown.splitlines()) == 2
    assert all(line.isprintable() for line in shown.splitlines())
    assert shown.startswith(r"\u001b[31mred\u0007\r\n\udcff\\.mp4  0.0 s")
    assert unescaped(shown.partition("  ")[0]) == name
    assert r"\u001b[31mred" in briefly(failed(name), Screen(200), 60)


def test_no_text_of_a_result_is_a_code_for_the_terminal() -> None:
    """Whatever field it is in, in a list as in a line, with colours or not."""
    evil = "\x1b[31mx\n"
    model = {"name": evil, "knows": evil}
    result = replace(
        strange(evil),
        duration=2.0,
        reasons=(evil,),
        events=(Event(0.0, 1.0, evil, 0.5),),
        disagreements=(Disagreement(0.0, 1.0, evil, "heard, not seen", words=evil),),
        sounds=(Sound(0.0, 1.0, evil, 0.5),),
        notes=(evil, f"out of domain: {evil}"),
        model=model,
    )
    told = [
        fully(each, [(evil, 0.0, 1.0)], WIDE, heard=True, verbose=True) + briefly(each, WIDE, 30)
        for each in (result, replace(result, events=()), replace(failed(evil), message=evil))
    ]
    for text in told:
        assert "\x1b" not in text
        assert r"\u001b[31mx\n" in text
