"""Results as people read them, and as programs do; no name drives the terminal."""

import json
from dataclasses import replace

import pytest

from avel.pipeline.formats.terminal import printing, text
from avel.pipeline.method.events import Disagreement
from avel.pipeline.method.results import Result
from tests.pipeline.formats.results import failed, plain


def known(file: str = "a.mp4") -> Result:
    return replace(plain(file), model={"name": "dmsf", "knows": "trained on films"})


def test_a_result_in_words() -> None:
    result = replace(
        known(),
        reasons=("TRUNCATED",),
        notes=("the file ends early",),
        disagreements=(Disagreement(0.0, 1.0, "cat", "heard, not seen"),),
    )
    assert text(result, [("dog", 0.0, 12.0)]).splitlines() == [
        "a.mp4  3.0 s  ok (TRUNCATED)",
        "     0.0 -    0.5 s  0.25  label 0",
        "     1.0 -    1.5 s  0.25  label 1",
        "     0.0 -    1.0 s  (heard, not seen)  cat",
        "     0.0 -   12.0 s  truth  dog",
        "  note: the file ends early",
    ]


def test_a_file_that_failed_says_why() -> None:
    assert text(failed("c.mp4")).splitlines() == [
        "c.mp4  0.0 s  failed (EMPTY)",
        "  c.mp4: the file has 0 bytes",
    ]


def test_control_characters_are_shown_as_such() -> None:
    shown = text(failed("\x1b[31mred\a\r.mp4"))
    assert all(line.isprintable() for line in shown.splitlines())
    assert shown.startswith("\N{REPLACEMENT CHARACTER}[31mred")


def test_words_come_one_by_one_and_the_model_once_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    truth = {"b.mp4": [("dog", 0.0, 1.0)]}
    with printing(truth.get, as_json=False) as show:
        show(known())
        first = capsys.readouterr().out
        assert first == text(known()) + "\n"
        show(known("b.mp4"))
    rest = capsys.readouterr().out.splitlines()
    assert "truth  dog" in rest[3]
    assert rest[-1] == "model: dmsf, trained on films"
    assert len([line for line in rest if line.startswith("model:")]) == 1


def test_no_event_is_no_word_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    with printing(lambda _: None, as_json=False) as show:
        show(failed())
    assert "model:" not in capsys.readouterr().out


@pytest.mark.parametrize("count", [0, 2])
def test_one_array_for_programs(capsys: pytest.CaptureFixture[str], count: int) -> None:
    with printing(lambda _: None, as_json=True) as show:
        for number in range(count):
            show(plain(f"{number}.mp4"))
    out = capsys.readouterr().out
    assert out.endswith("]\n")
    assert [each["file"] for each in json.loads(out)] == [f"{n}.mp4" for n in range(count)]
