"""Files whole or not at all, of any text."""

from pathlib import Path

import pytest

from avel.pipeline.formats.whole import readable, write_whole
from avel.pipeline.reasons import EnvironmentProblem
from tests.pipeline.formats.results import NOT_UTF8


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "deep" / "er" / "a.json", "text")
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["a.json"]
    assert (tmp_path / "deep" / "er" / "a.json").read_text() == "text"


def test_a_file_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    """Who reads the old file reads all of it."""
    path = tmp_path / "a.json"
    write_whole(path, "old")
    with path.open() as reader:
        write_whole(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_text_that_utf8_cannot_hold(tmp_path: Path) -> None:
    assert readable(NOT_UTF8) == "caf\\udce9.mp4"
    assert readable("ü 漢 \u2028") == "ü 漢 \u2028"
    write_whole(tmp_path / "a", NOT_UTF8)
    assert (tmp_path / "a").read_text("utf-8") == "caf\\udce9.mp4"


def test_an_error_keeps_the_old_file_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(tmp_path / "a", "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        EnvironmentProblem, match=r"a: cannot be written \(No space left on device\); give another"
    ):
        write_whole(tmp_path / "a", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(EnvironmentProblem, match=r"f/a: cannot be written \(.*\)"):
        write_whole(tmp_path / "f" / "a", "text")
