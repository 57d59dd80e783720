"""Encodings that annotation tools write, and files that are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations import encodings
from avel.pipeline.annotations.encodings import raw_of, text_of
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put

WORDS = "Bark\tüñ\n吠える\n"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_is_known(coding: str) -> None:
    assert text_of(Path("a"), WORDS.encode(coding)) == WORDS


def test_both_byte_orders_with_their_mark() -> None:
    for mark, coding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert text_of(Path("a"), mark + WORDS.encode(coding)) == WORDS


@given(st.text(alphabet=st.characters(exclude_characters="\r\0\ufeff", codec="utf-8")))
def test_any_text_comes_back(text: str) -> None:
    assert text_of(Path("a"), text.encode("utf-8-sig")) == text


def test_line_ends_of_every_system_are_one() -> None:
    assert text_of(Path("a"), b"a\r\nb\rc\nd") == "a\nb\nc\nd"


def test_what_is_neither_names_the_line() -> None:
    with pytest.raises(InputError, match=r"a\.txt, line 3: is neither UTF-8 nor UTF-16 \(byte 8\); save it as UTF-8"):  # fmt: skip
        text_of(Path("a.txt"), b"one\ntwo\ncaf\xe9\n"[:8] + b"\xe9\n")
    with pytest.raises(InputError, match="is neither UTF-8 nor UTF-16"):
        text_of(Path("a.txt"), b"\xff\xfea")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.txt", "12345678")
    monkeypatch.setattr(encodings, "MOST_BYTES", 8)
    assert raw_of(path) == b"12345678"
    monkeypatch.setattr(encodings, "MOST_BYTES", 7)
    with pytest.raises(InputError, match=r"a\.txt: is larger than 0 MiB, which no file of annot"):
        raw_of(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.txt: cannot be read \(No such file"):
        raw_of(tmp_path / "gone.txt")
