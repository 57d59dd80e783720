"""Results as people read them, and as programs do; no name drives the terminal."""

import errno
import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from avel.pipeline.formats.names import unescaped
from avel.pipeline.formats.terminal import printing, text
from avel.pipeline.method.events import Disagreement
from avel.pipeline.method.results import Result
from avel.pipeline.work.say import NoStdout
from tests.pipeline.formats.results import failed, plain
from tests.pipeline.work.streams import refusing


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
    name = "\x1b[31mred\a\r\n\udcff\\.mp4"
    shown = text(failed(name))
    assert len(shown.splitlines()) == 2
    assert all(line.isprintable() for line in shown.splitlines())
    assert shown.startswith(r"\u001b[31mred\u0007\r\n\udcff\\.mp4  0.0 s")
    assert unescaped(shown.partition("  ")[0]) == name


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


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
def test_a_stdout_that_takes_no_more(
    as_json: bool, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends what only it would get; where results are kept, it is said at the end, if at all."""
    refusing(monkeypatch, number)
    with pytest.raises(NoStdout), printing(lambda _: None, as_json=as_json) as show:
        show(known())
        raise AssertionError("not reached")
    taken = []
    fault = pytest.raises(NoStdout) if number == errno.ENOSPC else nullcontext()
    with fault, printing(lambda _: None, as_json=as_json, kept=True) as show:
        for file in ("a.mp4", "b.mp4"):
            show(known(file))
            taken.append(file)
    assert taken == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("count", [0, 2])
def test_one_array_for_programs(capsys: pytest.CaptureFixture[str], count: int) -> None:
    with printing(lambda _: None, as_json=True) as show:
        for number in range(count):
            show(plain(f"{number}.mp4"))
    out = capsys.readouterr().out
    assert out.endswith("]\n")
    assert [each["file"] for each in json.loads(out)] == [f"{n}.mp4" for n in range(count)]
