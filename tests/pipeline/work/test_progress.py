"""Progress for people: a bar on a terminal, lines in a log, nothing when quiet, and never on stdout."""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from avel.pipeline.work import progress
from avel.pipeline.work.progress import LINE_SECONDS, Progress, track
from avel.pipeline.work.say import put, warn
from avel.pipeline.work.talk import Talk, talking


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`now` seconds, which the test turns."""
    state = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: state.now))
    return state


def each_takes(clock: SimpleNamespace, seconds: float, count: int) -> Iterator[int]:
    for number in range(count):
        clock.now += seconds
        yield number


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("terminal", [False, True])
def test_items_pass_through(
    quiet: bool,
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    assert list(track(iter("abc"), 3, "letters", quiet=quiet)) == ["a", "b", "c"]
    assert list(track([], 0, "letters", quiet=quiet)) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_quiet_shows_nothing_even_inside_a_long_item(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(3, "videos")
    with talking(Talk.QUIET):
        for _ in progress.track(each_takes(clock, 2 * LINE_SECONDS, 3)):
            progress.watch(Path("long.mp4"), 60, 3600)
    assert stream.getvalue() == ""


def test_every_item_where_a_command_is_verbose(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with talking(Talk.VERBOSE):
        assert list(track(each_takes(clock, 1.0, 3), 3, "videos"))
    lines = stream.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines[:2]] == ["videos: 1 of 3", "videos: 2 of 3"]


def test_items_come_one_by_one_as_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked = []

    def items() -> Iterator[int]:
        for number in range(3):
            asked.append(number)
            yield number

    tracked = track(items(), 3, "numbers")
    assert asked == []
    assert next(tracked) == 0
    assert asked == [0]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    list(track(range(5), 5, "numbers", quiet=True))
    assert capsys.readouterr().err == ""


def test_a_log_gets_a_line_now_and_then_and_one_at_the_end(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four seconds an item: a line every third, with what is left at that rate."""
    assert LINE_SECONDS == 10
    list(track(each_takes(clock, 4.0, 8), 8, "videos"))
    assert capsys.readouterr().err.splitlines() == [
        "videos: 3 of 8, 0.2/s, 20 s left",
        "videos: 6 of 8, 0.2/s, 8 s left",
        "videos: 8 of 8, 0.2/s",
    ]


def test_the_end_is_said_once_where_a_line_is_due_too(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five seconds an item: a line every second, and the fourth is the last."""
    list(track(each_takes(clock, 5.0, 4), 4, "videos"))
    assert capsys.readouterr().err.splitlines() == [
        "videos: 2 of 4, 0.2/s, 10 s left",
        "videos: 4 of 4, 0.2/s",
    ]


def test_a_short_run_says_one_line(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    list(track(each_takes(clock, 0.01, 50), 50, "videos"))
    assert capsys.readouterr().err == "videos: 50 of 50, 100.0/s\n"


def test_nothing_to_do_is_no_division_by_zero(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    list(track([], 0, "videos"))
    assert capsys.readouterr().err == "videos: 0 of 0, 0.0/s\n"
    list(track(range(2), 2, "videos"))  # no time has passed at all
    assert "videos: 2 of 2" in capsys.readouterr().err


def test_a_run_that_breaks_off_says_no_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(track(items(), 3, "videos"))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """What, how many of how many, at which rate; it goes away when all is done."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    seen = list(track(range(4), 4, "videos"))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert seen == [0, 1, 2, 3]
    assert "videos" in text
    assert "4/4" in text
    assert "/s" in text
    assert screen.getvalue().endswith(("\x1b[2K", "\x1b[?25h", "\r\x1b[1A\x1b[2K"))


def test_a_films_name_drives_nothing(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(2, "films", quiet=True)
    for _ in progress.track(range(2)):
        clock.now += 11
        progress.watch(Path("in/[bold]a\x1b[31m\n.mp4"), 65, 130)
    assert capsys.readouterr().err == "[bold]a\\u001b[31m\\n.mp4: 1:05 of 2:10\n" * 2


def test_the_bar_gives_way_to_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results go to stdout, whole, and warnings stand on lines of their own."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    for number in track(range(2), 2, "films"):
        put(f'{{"film": "[bold]{number}"')
        put("}\n")
        warn(f"{number} is short")
    assert capsys.readouterr().out == '{"film": "[bold]0"}\n{"film": "[bold]1"}\n'
    before = [part[-4:] for part in re.split(r"\d is short\n", screen.getvalue())[:-1]]
    assert before == ["\x1b[2K"] * 2, "the bar is away"
    both = Terminal()
    monkeypatch.setattr(sys, "stdout", both)
    list(track(map(lambda n: put("a line\n") or n, range(1)), 1, "films"))
    assert both.getvalue() == "a line\n"


def test_words_on_the_bar_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    assert list(track(range(2), 2, "[bold]films[/x]")) == [0, 1]
    assert "[bold]films[/x]" in screen.getvalue()


def test_no_stderr_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert list(track("ab", 2, "letters")) == ["a", "b"]


def test_the_bars_library_is_loaded_only_for_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    list(track(range(2), 2, "videos"))
    assert not any(name.split(".")[0] == "rich" for name in sys.modules)


def test_a_long_run_says_less_and_what_else_there_is(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line a minute, with a note of that moment, and none where there is nothing to say."""
    notes = iter(["", "bottleneck decoding"])
    progress = Progress(8, "videos", line_seconds=60, note=lambda: next(notes))
    list(progress.track(each_takes(clock, 20.0, 8)))
    assert capsys.readouterr().err.splitlines() == [
        "videos: 3 of 8, 0.1/s, 100 s left",
        "videos: 6 of 8, 0.1/s, 40 s left, bottleneck decoding",
        "videos: 8 of 8, 0.1/s",
    ]


def test_the_bar_says_the_note_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    list(Progress(2, "films", note=lambda: "bottleneck encoding").track(range(2)))
    assert "/s, bottleneck encoding" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
