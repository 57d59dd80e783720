"""Results for people, and one JSON array for programs; no file's name controls the terminal."""

import json
from dataclasses import replace

import pytest

from avel.pipeline.formats.terminal import Spans, printing, text
from avel.pipeline.method.events import Disagreement
from tests.pipeline.formats.results import NOT_UTF8, failed, plain, strange

MODEL = {"name": "dmsf", "knows": "trained on films"}


def nothing_known(file: str) -> Spans | None:
    return None


def test_a_result_in_words() -> None:
    assert text(plain()).splitlines() == [
        "a.mp4  3.0 s  ok",
        "     0.0 -    0.5 s  0.25  label 0",
        "     1.0 -    1.5 s  0.25  label 1",
    ]


def test_what_was_annotated_stands_below() -> None:
    lines = text(plain(events=1), [("dog", 0.0, 10.0)]).splitlines()
    assert lines[1:] == ["     0.0 -    0.5 s  0.25  label 0", "     0.0 -   10.0 s  truth  dog"]


def test_reasons_messages_and_notes() -> None:
    assert text(failed()).splitlines() == [
        "c.mp4  0.0 s  failed (EMPTY)",
        "  c.mp4: the file has 0 bytes",
    ]
    both = replace(failed(), reasons=("NO_AUDIO", "TRUNCATED"), message="", notes=("no sound",))
    assert text(both).splitlines() == [
        "c.mp4  0.0 s  failed (NO_AUDIO, TRUNCATED)",
        "  note: no sound",
    ]


def test_disagreements_follow_the_events() -> None:
    found = replace(plain(events=1), disagreements=(Disagreement(1, 2, "dog", "heard, not seen"),))
    assert text(found).splitlines()[2] == "     1.0 -    2.0 s  (heard, not seen)  dog"


@pytest.mark.parametrize(
    "name", ["\x1b[31mred", "bell\a", "line\nbreak", "\u202eright to left", NOT_UTF8]
)
def test_no_control_character_reaches_the_terminal(name: str) -> None:
    shown = text(plain(file=name, events=0))
    assert len(shown.splitlines()) == 1
    assert shown.isprintable()
    assert "\N{REPLACEMENT CHARACTER}" in shown


def test_strange_labels_stay_on_their_lines() -> None:
    lines = text(strange()).split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)


def test_the_models_name_comes_once_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """And only if it said anything: words of a model that found nothing explain nothing."""
    with printing(nothing_known, as_json=False) as show:
        show(replace(plain("a.mp4"), model=MODEL))
        assert capsys.readouterr().out.startswith("a.mp4  3.0 s  ok\n")  # as it comes
        show(failed())
        show(replace(plain("b.mp4"), model=MODEL))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "model: dmsf, trained on films"
    assert sum(line.startswith("model: ") for line in lines) == 1
    with printing(nothing_known, as_json=False) as show:
        show(replace(plain("a.mp4", events=0), model=MODEL))
    assert "model: " not in capsys.readouterr().out


def test_the_truth_is_asked_for_by_the_files_name(capsys: pytest.CaptureFixture[str]) -> None:
    known = {"a.mp4": [("dog", 0.0, 1.0)]}
    with printing(known.get, as_json=False) as show:
        show(replace(plain("a.mp4", events=0), model=MODEL))
        show(replace(plain("b.mp4", events=0), model=MODEL))
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        "ok",
        "dog",
        "ok",
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_array(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    results = [strange(f"{number}.mp4") for number in range(count)]
    with printing(nothing_known, as_json=True) as show:
        for result in results:
            show(result)
    told = capsys.readouterr().out
    assert told.endswith("\n")
    assert json.loads(told) == json.loads(json.dumps([result.document() for result in results]))
