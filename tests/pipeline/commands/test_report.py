"""`avel report` from end to end."""

import json
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.formats.index import INDEX
from avel.pipeline.formats.json import document
from tests.pipeline.report.material import everyday
from tests.pipeline.report.test_run_page import NUMBERS


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
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.mp4.html", "index.html", INDEX}


def test_what_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("[1]")
    assert main(["report", str(tmp_path / "a.json")]) == 2
    assert "a.json: is no result of avel" in capsys.readouterr().err


def test_the_page_of_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(NUMBERS))
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err == f"wrote {tmp_path}/report.html\n"
    assert "87.5%" in (tmp_path / "report.html").read_text()
