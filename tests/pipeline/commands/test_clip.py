"""`avel clip`: events to files, of results made earlier or of films that are localized first."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from tests.pipeline.commands.made import failed, made
from tests.pipeline.commands.said import refused
from tests.pipeline.media.pieces import seen


def test_every_event_of_earlier_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clips"
    assert main(["clip", "--results", str(made(tmp_path)), "--out", str(out)]) == 0
    captured = capsys.readouterr()
    names = ["f_Bark_0.00-1.00s.mp4", "f_Bell_1.50-3.00s.mp4"]
    assert captured.out.splitlines() == [str(out / name) for name in names]
    assert captured.err == f"wrote 2 clips to {out}\n"
    assert [number for _, number in seen(out / names[1])] == list(range(15, 30))
    assert (out / "clips.csv").is_file()


def test_choice_and_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clips"
    given = ["--results", str(made(tmp_path).parent), "--out", str(out), "--label", "Bell"]
    assert main(["clip", *given, "--copy"]) == 0
    line = f"{out / 'f_Bell_1.50-3.00s.mkv'}  begins 1.50 s earlier, at 0.00 s\n"
    assert capsys.readouterr().out == line
    assert main(["clip", *given, "--min-score", "0.5"]) == 0
    assert capsys.readouterr() == ("", f"wrote 0 clips to {out}\n")


def test_what_failed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [made(tmp_path), failed(tmp_path)]
    (tmp_path / "f.mkv").unlink()
    paths = [word for path in given for word in ("--results", str(path))]
    assert main(["clip", *paths, "--out", str(tmp_path / "o")]) == 3
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "MISSING_FILE: f.mkv: is not a file"
    assert err[2] == "gone.mp4: MISSING_FILE: gone.mp4: is not a file"
    assert err[3] == f"wrote 0 clips to {tmp_path / 'o'}"


def test_numbers_out_of_range(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, message in (
        (["--pad", "-1"], "--pad (-1) must be seconds between 0 and 3600"),
        (["--min-score", "2"], "--min-score (2) must be between 0 and 1"),
    ):
        code, text = refused(capsys, "clip", "--results", "r", "--out", tmp_path / "o", *given)
        assert (code, text) == (2, f"avel: {message}\n")
    assert not (tmp_path / "o").exists()


def test_films_are_localized_first(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = min((synth / "AVE").glob("*.mp4"))
    given = [str(film), "--model", "synthetic", "--cache-dir", str(warm), "--out", str(tmp_path)]
    assert main(["clip", *given]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    name = Path(line).name
    assert name.startswith(film.stem.strip("-_")[:10])
    onset, offset = (float(t) for t in name.removesuffix("s.mp4").split("_")[-1].split("-"))
    times = [time for time, _ in seen(Path(line))]
    assert times[-1] < offset - onset <= times[-1] + 0.2
