"""`avel report` from end to end."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.formats.json import document
from tests.pipeline.report.material import everyday


def test_pages_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4.json").write_text(document(everyday()))
    assert main(["report", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"wrote 1 pages to {tmp_path}; {tmp_path}/index.html shows all\n"
    assert (tmp_path / "a.mp4.html").is_file()


def test_pages_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(document(everyday()))
    assert main(["report", str(tmp_path / "a.json"), "--out", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.html", "index.html"}


def test_what_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("[1]")
    assert main(["report", str(tmp_path / "a.json")]) == 2
    assert "a.json: is no result of avel" in capsys.readouterr().err
