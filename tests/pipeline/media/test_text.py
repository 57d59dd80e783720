"""Users' text in the pipeline: the lines of a file, and faults that are the user's."""

from pathlib import Path

import pytest

from avel.pipeline.media.text import read_lines, read_text
from avel.pipeline.reasons import InputError


def test_lines_end_where_files_end_them(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\xe2\x80\xa8c\x0bd\n")
    assert read_lines(path) == ["a", "b\u2028c\x0bd", ""]
    assert read_text(path) == "a\nb\u2028c\x0bd\n"


def test_faults_are_the_users(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"a\n\xe9")
    with pytest.raises(InputError, match=r"t\.txt, line 2: byte 0xE9 is no UTF-8"):
        read_lines(path)
    with pytest.raises(
        InputError, match=r"none\.txt: cannot be read \(No such file or directory\)"
    ):
        read_text(tmp_path / "none.txt")
