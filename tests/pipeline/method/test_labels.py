"""Words as given, or a file of them."""

from pathlib import Path

import pytest

from avel.pipeline.method.labels import read_labels
from avel.pipeline.reasons import InputError


def test_words_and_files(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("dog barking\n\n church bell \n")
    assert read_labels([str(tmp_path / "l.txt")]) == ("dog barking", "church bell")
    assert read_labels(["dog barking", "church bell"]) == ("dog barking", "church bell")
    assert read_labels([str(tmp_path / "l.txt"), "bell"]) == (str(tmp_path / "l.txt"), "bell")
    assert read_labels(["no file.txt"]) == ("no file.txt",)
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"b.txt, line 1: is UTF-16; save the file as UTF-8"):
        read_labels([str(tmp_path / "b.txt")])


def test_marks_and_line_ends_are_no_words(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_bytes(b"\xef\xbb\xbfdog\r\nchurch bell\r\n")
    assert read_labels([str(tmp_path / "l.txt")]) == ("dog", "church bell")
    (tmp_path / "l.txt").write_bytes("dog\nTür\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"l.txt, line 2: byte 0xFC is no UTF-8; .* is 'Tür'"):
        read_labels([str(tmp_path / "l.txt")])


def test_no_word_is_not_the_same_as_no_labels(tmp_path: Path) -> None:
    """An empty file would else be answered by the shipped model, whose words nobody asked for."""
    assert read_labels(None) == ()
    (tmp_path / "empty.txt").write_text("\n  \n")
    for given in ([], [str(tmp_path / "empty.txt")]):
        with pytest.raises(InputError, match="labels: no word was given; give at least one, or a"):
            read_labels(given)
