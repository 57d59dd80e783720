"""`avel attention` and `avel localize --attention`: files that are named, and files that give none."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.formats.index import INDEX
from tests.pipeline.commands.said import SYNTHETIC


@pytest.fixture
def some(synth: Path) -> Path:
    return min((synth / "AVE").glob("*.mp4"))


def test_pictures_are_named_and_a_broken_file_is_said(
    synth: Path, some: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("nothing")
    shared = ["--cache-dir", str(warm), "--truth", str(synth)]
    argv = [
        "attention",
        str(some),
        str(broken),
        *shared,
        "--out",
        str(tmp_path / "p"),
        "--no-video",
    ]
    assert main([*argv, "--format", "pdf"]) == 3
    found = capsys.readouterr()
    assert "broken.mp4: no picture of it: " in found.err
    assert "is text" in found.err
    assert found.out.split() == [str(tmp_path / "p" / f"{some.name}.attention.pdf")]
    assert (tmp_path / "p" / f"{some.name}.attention.pdf").read_bytes().startswith(b"%PDF")


def test_localize_draws_beside_its_results(
    synth: Path, some: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ["--cache-dir", str(warm), "--truth", str(synth)]
    assert main([*SYNTHETIC, str(some), *shared, "--attention"]) == 2
    assert "--attention writes a picture and a video; give --out" in capsys.readouterr().err
    out = tmp_path / "o"
    argv = [*SYNTHETIC, str(some), *shared, "--attention", "--out", str(out), "--json"]
    assert main(argv) == 0
    assert capsys.readouterr().out.startswith("[")  # the results alone
    names = {path.name for path in out.iterdir()}
    assert names == {
        f"{some.name}{end}" for end in (".json", ".html", ".attention.png", ".attention.mp4")
    } | {"events.csv", "videos.csv", "index.html", INDEX}


def test_out_is_a_file(
    some: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f").touch()
    argv = ["attention", str(some), "--cache-dir", str(warm), "--out", str(tmp_path / "f")]
    assert main(argv) == 2
    assert "is a file or lies in one; give a folder" in capsys.readouterr().err
