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
    with pytest.raises(InputError, match=r"b.txt: is no list of labels \(not UTF-8 text\)"):
        read_labels([str(tmp_path / "b.txt")])


def test_no_word_is_not_the_same_as_no_labels(tmp_path: Path) -> None:
    """An empty file would else be answered by the shipped model, whose words nobody asked for."""
    assert read_labels(None) == ()
    (tmp_path / "empty.txt").write_text("\n  \n")
    for given in ([], [str(tmp_path / "empty.txt")]):
        with pytest.raises(InputError, match="labels: no word was given; give at least one, or a"):
            read_labels(given)
