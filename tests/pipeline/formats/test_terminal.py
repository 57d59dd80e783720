"""Results as people read them, and as programs do; no name drives the terminal."""

import errno
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest

from avel.pipeline.formats import terminal
from avel.pipeline.formats.telling import Spans, fully
from avel.pipeline.formats.terminal import MANY, Manner, printing
from avel.pipeline.method.results import Result
from avel.pipeline.work.say import NoStdout
from avel.pipeline.work.screen import Screen
from tests.pipeline.formats.results import failed, plain
from tests.pipeline.work.streams import refusing


def known(file: str = "a.mp4") -> Result:
    return replace(plain(file), model={"name": "dmsf", "knows": "trained on films"})


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Screen], None]:
    """Sets where results are told."""
    return lambda where: monkeypatch.setattr(terminal, "screen", lambda: where)


def told(
    results: Sequence[Result],
    manner: Manner | None = None,
    truth: Mapping[str, Spans] | None = None,
) -> None:
    with printing((truth or {}).get, [each.file for each in results], manner) as show:
        for result in results:
            show(result)


def test_words_come_one_by_one_and_the_model_once_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    truth = {"b.mp4": [("dog", 0.0, 1.0)]}
    with printing(truth.get) as show:
        show(known())
        first = capsys.readouterr().out
        assert first == fully(known(), [], Screen()) + "\n"
        show(known("b.mp4"))
    rest = capsys.readouterr().out.splitlines()
    assert "truth  dog" in rest[3]
    assert rest[4:] == ["2 videos: 2 with events, 0 without", "model: dmsf, trained on films"]


def test_what_failed_is_no_word_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    told([failed()])
    assert "model:" not in capsys.readouterr().out
    told([replace(known(), events=())])
    assert "model: dmsf" in capsys.readouterr().out, "who looked and found nothing is told"


def test_notes_are_told_once_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    results = [replace(known(f"{n}.mp4"), notes=("early",)) for n in range(5)]
    told([*results, replace(known("x.mp4"), notes=("late", "no event: 0.1 of 0.5"))])
    out = capsys.readouterr().out
    assert out.count("early") == out.count("late") == 1
    assert "\nnote: early (0.mp4, 1.mp4, 2.mp4 and 2 more)\nnote: late (x.mp4)\n" in out
    assert "no event:" not in out
    told(results[:1])
    assert "\nnote: early\n" in capsys.readouterr().out, "one video needs no name"


def test_verbose_tells_notes_where_they_belong_and_not_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told([replace(known(), notes=("early", "no event: 0.1 of 0.5"))], Manner(verbose=True))
    out = capsys.readouterr().out
    assert "  note: early\n  note: no event: 0.1 of 0.5\n" in out
    assert out.count("early") == 1


@pytest.mark.parametrize(
    ("count", "columns", "manner", "lines"),
    [
        (MANY, 80, Manner(), 1),
        (MANY - 1, 80, Manner(), 6),
        (MANY, None, Manner(), 3),
        (MANY, 80, Manner(verbose=True), 6),
        (MANY, 80, Manner(heard=True), 6),
    ],
)
def test_many_videos_have_a_line_each_on_a_terminal(
    count: int,
    columns: int | None,
    manner: Manner,
    lines: int,
    on: Callable[[Screen], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    on(Screen(columns))
    told([known(f"{n}.mp4") for n in range(count)], manner)
    out = capsys.readouterr().out.splitlines()
    assert out[-2] == f"{count} videos: {count} with events, 0 without"
    assert len(out) == count * lines + 2


def test_what_is_annotated_is_listed_among_many(
    on: Callable[[Screen], None], capsys: pytest.CaptureFixture[str]
) -> None:
    on(Screen(80))
    told([known(f"{n}.mp4") for n in range(MANY)], truth={"3.mp4": [("dog", 0.0, 1.0)]})
    assert "     0.0 -    1.0 s  truth  dog\n" in capsys.readouterr().out


def test_what_became_of_all_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    told([known(), replace(known("b.mp4"), events=()), failed(), failed("d.mp4")])
    assert "\n4 videos: 1 with events, 1 without, 2 failed\n" in capsys.readouterr().out


def test_names_are_as_wide_as_the_longest(
    on: Callable[[Screen], None], capsys: pytest.CaptureFixture[str]
) -> None:
    on(Screen(100))
    told([known("a" * n + ".mp4") for n in range(1, MANY + 1)])
    rows = capsys.readouterr().out.splitlines()[:MANY]
    assert {row.index("3.0 s") for row in rows} == {MANY + len(".mp4") + 2 + len("   ")}


def test_colours_reach_the_terminal_and_those_of_a_name_do_not(
    on: Callable[[Screen], None], capsys: pytest.CaptureFixture[str]
) -> None:
    on(Screen(80, colours=True))
    told([known("\x1b[31m.mp4")])
    out = capsys.readouterr().out
    assert "\x1b[32mlabel 0\x1b[0m" in out
    assert "\x1b[31m" not in out
    assert "\\u001b[31m.mp4" in out


def test_quiet_tells_of_failures_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told([known(), failed()], Manner(quiet=True))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "c.mp4: the file has 0 bytes\n")
    told([failed()], Manner(as_json=True, quiet=True))
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["file"] == "c.mp4"
    assert err == ""


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
def test_a_stdout_that_takes_no_more(
    as_json: bool, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends what only it would get; where results are kept, it is said at the end, if at all."""
    refusing(monkeypatch, number)
    with pytest.raises(NoStdout), printing(lambda _: None, manner=Manner(as_json)) as show:
        show(known())
        raise AssertionError("not reached")
    taken = []
    fault = pytest.raises(NoStdout) if number == errno.ENOSPC else nullcontext()
    with fault, printing(lambda _: None, manner=Manner(as_json), kept=True) as show:
        for file in ("a.mp4", "b.mp4"):
            show(known(file))
            taken.append(file)
    assert taken == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("count", [0, 2])
def test_one_array_for_programs(capsys: pytest.CaptureFixture[str], count: int) -> None:
    with printing(lambda _: None, manner=Manner(as_json=True)) as show:
        for number in range(count):
            show(plain(f"{number}.mp4"))
    out = capsys.readouterr().out
    assert out.endswith("]\n")
    assert [each["file"] for each in json.loads(out)] == [f"{n}.mp4" for n in range(count)]
