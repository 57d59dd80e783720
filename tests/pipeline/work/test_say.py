"""What is printed is text: no name drives a terminal, no encoding and no full disk ends a run."""

import ast
import errno
import io
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.work import say as module
from avel.pipeline.work.say import (
    NoStdout,
    hint,
    in_any_encoding,
    kept_elsewhere,
    put,
    say,
    shown,
    warn,
)
from tests.pipeline.work.streams import refusing

REPOSITORY = Path(__file__).resolve().parents[3]
NAMES = st.binary(max_size=12).map(os.fsdecode) | st.text(max_size=12)
"""Any bytes that are a name, and any text."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ü 漢 😀.mp4", "plain ü 漢 😀.mp4"),
        ("\x1b[31mred\x07", r"\u001b[31mred\u0007"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("caf\udce9", r"caf\udce9"),
        ("\x9b31m", r"\u009b31m"),  # the same as ESC [ in one character
        ("a\u202egpj.mp4", r"a\u202egpj.mp4"),  # turns what follows
        ("a\u2028b\x85c", r"a\u2028b\u0085c"),
        ("\U000e0001", r"\udb40\udc01"),
        ("9.41\u202fAM and\u00a0so", "9.41\u202fAM and\u00a0so"),  # a Mac's own names
        ("👨\u200d👩", "👨\u200d👩"),
        (r"a\b", r"a\b"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(NAMES)
def test_nothing_shown_drives_a_terminal(name: str) -> None:
    text = shown(name)
    assert len(text.splitlines()) <= 1
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
    assert shown(text) == text
    text.encode("utf-8")


def test_lines_and_their_ends(capsys: pytest.CaptureFixture[str]) -> None:
    say("one", "two\x1b")
    warn("three\nfour")
    hint("well? ")
    assert capsys.readouterr() == ("one\ntwo\\u001b\n", "three\\nfour\nwell? ")
    say()
    warn()
    assert capsys.readouterr() == ("", "")


def test_text_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    put("a: 1\n\n  b\x1b: 2\n")
    assert capsys.readouterr().out == "a: 1\n\n  b\\u001b: 2\n"


def test_paint_is_let_through_where_it_is_meant_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("\x1b[31mred\x1b[0m\a\x1b[2J\x1b]0;title\r\n", painted=True)
    assert capsys.readouterr().out == "\x1b[31mred\x1b[0m\\u0007\\u001b[2J\\u001b]0;title\\r\n"
    put("\x1b[31mred\n")
    assert capsys.readouterr().out == "\\u001b[31mred\n"


@given(NAMES)
def test_json_stays_json(name: str) -> None:
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        put(json.dumps({"file": [name]}, indent=2, ensure_ascii=False))
    assert json.loads(stream.getvalue()) == {"file": [name]}


@pytest.mark.parametrize(
    "encoding", ["ascii", "latin-1", "utf-8", "utf-16", "cp1252", "cp037", "shift_jis"]
)
def test_any_encoding_takes_any_name(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And JSON in it is read back as what it was."""
    name = os.fsdecode("ü漢😀\x1b".encode() + b"\xe9")
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    with in_any_encoding():
        put(json.dumps([name], ensure_ascii=False))
        assert json.loads(raw.getvalue().decode(encoding)) == [name]
    assert stream.errors == "strict"


def test_streams_without_an_encoding_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a notebook, and none at all."""
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        with in_any_encoding():
            say("ü")
            warn("ü")
    assert sys.stdout is None


def test_only_encoding_is_mended() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", module.AS_JSON)


@pytest.mark.parametrize(("number", "closed"), [(errno.ENOSPC, False), (errno.EPIPE, True)])
def test_a_stdout_that_takes_no_more(
    monkeypatch: pytest.MonkeyPatch, number: int, closed: bool
) -> None:
    refusing(monkeypatch, number)
    why = os.strerror(number)
    with pytest.raises(
        NoStdout, match=rf"stdout: cannot be written \({why}\); what was finished is kept"
    ) as caught:
        say("text")
    assert caught.value.closed is closed


def test_a_stderr_that_takes_no_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = refusing(monkeypatch, errno.ENOSPC, "stderr")
    warn("text")
    hint("text")
    assert stream.asked == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
def test_what_is_kept_elsewhere_goes_on(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """And is reported at the end, where that is a fault."""
    stream, done = refusing(monkeypatch, number), 0

    def work() -> None:
        nonlocal done
        with kept_elsewhere() as attempt:
            for _ in range(3):
                attempt(say, "text")
                done += 1

    if number == errno.EPIPE:
        work()
    else:
        with pytest.raises(NoStdout, match="No space left on device"):
            work()
    assert (done, stream.asked) == (3, 1)


def test_last_words_are_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, errno.EPIPE)
    with kept_elsewhere():
        say("the end")
    refusing(monkeypatch, errno.ENOSPC)
    with pytest.raises(NoStdout), kept_elsewhere():
        say("the end")


def test_another_error_is_the_blocks_own() -> None:
    with pytest.raises(KeyError), kept_elsewhere() as attempt:
        attempt({}.__getitem__, "a")


def test_what_is_refused_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else Python tries at its end, complains, and gives an exit code of its own."""
    with open("/dev/full", "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(NoStdout, match="No space left"):
            say("text")
        assert os.readlink(f"/proc/self/fd/{stream.fileno()}") == os.devnull
        stream.flush()
        say("more goes nowhere")


def test_nothing_else_prints() -> None:
    """So that no message can forget it."""
    for path in sorted((REPOSITORY / "pipeline").rglob("*.py")):
        if path.name == "say.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("print", "sys.stdout.write", "sys.stderr.write"), path
