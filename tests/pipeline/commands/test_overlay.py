"""`avel overlay`: a copy of each video with its labels on it."""

import json
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.commands.made import failed, made
from tests.pipeline.commands.said import refused
from tests.pipeline.media.pieces import film, seen


def test_a_copy_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    assert main(["overlay", "--results", str(made(tmp_path)), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out / 'f.mkv.overlay.mp4'}\n"
    assert len(seen(out / "f.mkv.overlay.mp4")) == 30


def test_nothing_to_write_makes_no_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--results", str(made(tmp_path)), "--out", str(tmp_path / "o")]
    assert main(["overlay", *given, "--min-score", "0.95"]) == 0
    assert capsys.readouterr() == ("", "f.mkv: no event to write on it: no copy\n")
    assert not list((tmp_path / "o").iterdir())


def test_what_failed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [made(tmp_path), failed(tmp_path)]
    (tmp_path / "f.mkv").write_text("a letter, not a film any more")
    paths = [word for path in given for word in ("--results", str(path))]
    assert main(["overlay", *paths, "--out", str(tmp_path / "o")]) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("DECODE_ERROR: ")
    assert second == "gone.mp4: MISSING_FILE: gone.mp4: is not a file"


def test_letters_that_the_font_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film(tmp_path / "f.mkv", 1.0)
    result = Result("f.mkv", "ok", duration=1.0, events=(Event(0.0, 1.0, "吠える", 0.9),))
    (tmp_path / "r.json").write_text(json.dumps(result.document()))
    assert (
        main(["overlay", "--results", str(tmp_path / "r.json"), "--out", str(tmp_path / "o")]) == 0
    )
    assert capsys.readouterr().err == "f.mkv: the font has no 'える吠'; give --font FILE\n"


def test_what_is_no_font(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ttf").write_text("a letter, not letters")
    for font, why in ((tmp_path / "no.ttf", "is not a file"), (tmp_path / "x.ttf", "is no font")):
        given = ["--results", "r", "--out", tmp_path / "o", "--font", font]
        code, text = refused(capsys, "overlay", *given)
        assert (code, text) == (2, f"avel: --font {font}: {why}; give a font (.ttf, .otf)\n")
    assert not (tmp_path / "o").exists()
