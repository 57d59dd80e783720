"""Users' text: the mark is no content, and another encoding is named with its line."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.configs.events import read_events
from avel.configs.load import ConfigError, read
from avel.configs.text import NotUtf8, decode, read_text

FILE = Path("list.txt")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_are_no_content(tmp_path: Path, mark: bytes, end: str) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(mark + f"ü 漢\u2028{end}b{end}".encode())
    assert read_text(path) == "ü 漢\u2028\nb\n"


def test_a_mark_within_is_content() -> None:
    assert decode(FILE, codecs.BOM_UTF8 * 2 + b"a") == "\ufeffa"
    assert decode(FILE, b"a\r\n") == "a\r\n"
    assert decode(FILE, b"") == decode(FILE, codecs.BOM_UTF8) == ""


@given(st.text(), st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32"]))
def test_wide_text_is_refused(text: str, encoding: str) -> None:
    raw = f"Hund\n{text}".encode(encoding)
    with pytest.raises(
        NotUtf8, match=r"list\.txt, line 1: (is UTF-(16|32);|holds a zero byte, so)"
    ):
        decode(FILE, raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("a\ngehört\n".encode("latin-1"), r"list\.txt, line 2: byte 0xF6 is no UTF-8; as Latin-1 the line is 'gehört'"),
        ("a\r\n\r\ngehört".encode("latin-1"), "line 3: byte 0xF6"),
        ("gehört\n".encode("cp1252"), r"line 1: .*Save the file as UTF-8$"),
        (codecs.BOM_UTF8 + b"a\nb\xe9", "line 2: byte 0xE9 is no UTF-8; as Latin-1 the line is 'bé'"),
        (codecs.BOM_UTF8 + b"\xe9", "line 1: byte 0xE9"),
        (b"x" * 999 + b"\xe9", r"line is 'x{60}'\."),
        (b"a\nb\0", "line 2: holds a zero byte, so it is UTF-16 or no text; save the file as UTF-8"),
        (codecs.BOM_UTF16_LE, "line 1: is UTF-16; save the file as UTF-8"),
        (codecs.BOM_UTF32_LE, "line 1: is UTF-32"),
    ],
)  # fmt: skip
def test_other_encodings_are_named_with_their_line(raw: bytes, message: str) -> None:
    with pytest.raises(NotUtf8, match=message):
        decode(FILE, raw)


def test_configs_are_such_text(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(codecs.BOM_UTF8 + b"train:\r\n  epochs: 3\r\n")
    assert read(path) == {"train": {"epochs": 3}}
    path.write_bytes(b"# geh\xf6rt\ntrain: {}\n")
    for reads in (read, lambda path: read_events(path, ["a"], ["b"])):
        with pytest.raises(ConfigError, match=r"c\.yaml, line 1: byte 0xF6 is no UTF-8"):
            reads(path)
