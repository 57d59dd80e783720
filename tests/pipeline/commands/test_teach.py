"""`avel teach`: what it prints, what it refuses, and real films taught and found again."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands import teach as command
from tests.conftest import SHARED
from tests.outside import outside
from tests.pipeline.commands.said import refused
from tests.pipeline.learning.taught_cache import fill_cache


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    return fill_cache(tmp_path, monkeypatch)


def taught(films: tuple[Path, Path], *words: object) -> int:
    where = ["--out", films[0].parent / "my events", "--cache-dir", films[1], "--workers", 1]
    return main([str(word) for word in ["teach", *words, *where]])


def test_what_it_prints(films: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    bark, more = films[0] / "dog, one: a.mp4", films[0] / "dog2.mp4"
    events = ["--event", "Bark", bark, "0-3", "--event", "My cat", films[0] / "cat.mp4"]
    assert taught(films, *events, "--event", "Bark", more, "1-2", "2.5-4") == 0
    out = films[0].parent / "my events"
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: 2 event(s) of 3 film(s)",
        "  Bark      2 film(s)     6 s",
        "  My cat    1 film(s)     4 s",
        "leave one out: top event right in 2 of 2 films (100%), no event in 0; not judged, with one "
        "film each: My cat",
        f"next: avel localize FILE --model {out}",
    ]


def test_a_table_with_films_that_cannot_be_used_ends_with_3(
    films: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    table = films[0] / "table.csv"
    table.write_text("file,onset,offset,label\ndog2.mp4,1,4,Bark\nsilent.mp4,,,Bark\n")
    assert taught(films, "--from", table) == 3
    captured = capsys.readouterr()
    assert f"not used: {table}, row 3: the film has no sound" in captured.err
    assert "nothing to leave out, every event is shown by one film" in captured.out


def test_a_file_whose_name_begins_with_a_dash(
    films: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (films[0] / "cat.mp4").rename(films[0] / "-cat.mp4")
    monkeypatch.chdir(films[0])
    assert taught(films, "--event", "Meow", "-cat.mp4", "--event", "Bark", "dog2.mp4", "1-4") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to learn from; give --event NAME FILE 2-5"),
        (["--event", "Bark"], "--event Bark: names no film"),
        (["--event", "Bark", "a.mp4", "b.mp4"], "'b.mp4' is no time ON-OFF in seconds"),
        (["--event", "Bark", "a.mp4", "5-2"], "5-2 ends before it begins"),
        (["--event", "Bark", "a.mp4", "--event", "bark", "b.mp4"], "differ by capitals alone"),
        (["--from", "nothing.csv"], "--from nothing.csv: no such file or folder"),
    ],
)
def test_what_is_refused_before_anything_is_read(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = refused(capsys, "teach", *words, "--out", tmp_path / "out")
    assert code == 2
    assert said in text
    assert not (tmp_path / "out").exists()


def test_an_out_with_something_else(
    films: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    event = ["--event", "Bark", films[0] / "dog2.mp4", "1-4"]
    code, text = refused(capsys, "teach", *event, "--out", films[0], "--cache-dir", films[1])
    assert code == 2
    assert "holds something else than a taught model" in text


def test_it_is_said_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.__doc__ is not None
    with pytest.raises(SystemExit, match="0"):
        main(["teach", "--help"])
    assert "--event NAME [FILE [ON-OFF] ...]" in capsys.readouterr().out


@pytest.mark.slow
def test_real_films(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dogs and a ukulele of one film each are found in others, and a strange film stays quiet."""
    real, weights = outside(SHARED / "real"), outside(SHARED / "weights")
    how = ["--weights", str(weights / "mn04_as_mAP_432.pt"), "--cache-dir", str(tmp_path / "cache")]
    bark, music = real / "dog_bark_03.mp4", real / "ukulele_ave_16eUxQwxxbs.mp4"
    events = ["--event", "Bark", bark, "1-6", "--event", "Ukulele", music, "0-6"]
    out = tmp_path / "mine"
    assert main([*map(str, ["teach", *events, "--out", out]), *how]) == 0
    capsys.readouterr()
    asked = [real / "dog_pack_01.mp4", real / "neg_boat_wind_01.mp4"]
    assert main([*map(str, ["localize", *asked, "--model", out]), *how]) == 0
    dogs, boat = capsys.readouterr().out.split("neg_boat_wind_01.mp4")
    assert "Bark" in dogs
    assert "Ukulele" not in dogs
    assert "nothing that is both seen and heard" in boat
