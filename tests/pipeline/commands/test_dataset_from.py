"""`avel dataset from-annotations`: what it prints, and every input that it refuses."""

from pathlib import Path

import pytest

from avel.pipeline.annotations import lengths
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from tests.pipeline.annotations.made import put
from tests.pipeline.commands.said import refused
from tests.pipeline.media.pieces import film


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    film(folder / "a.mp4", 4.0, rate=5)
    film(folder / "b.mp4", 12.0, rate=5)
    return folder


def words(films: Path, folder: Path, *given: object) -> list[str]:
    inputs = [str(each) for each in given]
    where = ["--media", str(films), "--out", str(folder / "made")]
    return ["dataset", "from-annotations", *inputs, *where, "--cache-dir", str(folder / "cache")]


def test_what_it_prints(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "notes/a.txt", "0,5\t3\tBark\n")
    put(tmp_path, "notes/b.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\nMeow, twice\n")
    assert main(words(films, tmp_path, tmp_path / "notes")) == 0
    captured = capsys.readouterr()
    made = tmp_path / "made"
    assert captured.out.splitlines() == [
        f"{made}: 2 rows of 2 films (train 2, val 0, test 0), 1 without an event",
        "  Bark           1 film(s)      3 s",
        "  Meow, twice    1 film(s)      2 s",
        f"next: avel teach --from {made} --out my-events",
    ]
    notes = [line for line in captured.err.splitlines() if line.startswith("note")]
    assert len(notes) == 2
    assert (
        "note: split 'val' is empty: no label has enough films; `avel teach` needs none" in notes[0]
    )
    assert open_ave(made).classes == ("Bark", "Meow, twice")


def test_what_cannot_be_used_is_named_and_ends_with_3(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "notes/a.txt", "0.5\t3\tBark\n3\t3\tclick\n2\t1\tBrak\n")
    put(tmp_path, "notes/gone.txt", "1\t2\tBark\n")
    assert main(words(films, tmp_path, tmp_path / "notes")) == 3
    err = capsys.readouterr().err
    assert (
        "left out: " + str(tmp_path / "notes/a.txt") + ", line 2: 'click' marks the moment" in err
    )
    assert "line 3: 'Brak' ends (1 s) before it begins (2 s)" in err
    assert "gone.txt: is about 'gone', and no such film is below --media" in err


def test_options_reach_what_they_are_about(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = [
        put(tmp_path, "a.txt", "2\t2\tBrak\n"),
        put(tmp_path, "b.txt", "1\t2\tBark\n9\t11\tBark\n"),
    ]
    given = ["--rename", "Brak=Bark", "--point", "2", "--copy", "--background", "0"]
    assert main([*words(films, tmp_path, *inputs), *given, "--held-out", "0.3"]) == 0
    out = capsys.readouterr().out
    assert "3 rows of 2 films" in out
    assert "0 without an event" in out
    data = open_ave(tmp_path / "made")
    assert [(row.start, row.end) for row in data.rows] == [(1, 3), (1, 2), (3, 5)]
    assert len(data.splits["test"]) in (1, 2)
    assert not any(path.is_symlink() for path in (tmp_path / "made").rglob("*"))


def test_two_annotators(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = [
        put(tmp_path, "ann/a.txt", "0\t4\tBark\n"),
        put(tmp_path, "ben/a.txt", "0\t2\tBark\n"),
    ]
    code, err = refused(capsys, *words(films, tmp_path, *inputs))
    assert code == 2
    assert "annotators differ about 1 film(s)" in err
    assert "--merge union, intersection or first" in err
    assert not (tmp_path / "made").exists()
    assert main([*words(films, tmp_path, *inputs), "--merge", "intersection"]) == 0
    err = capsys.readouterr().err
    assert f"two annotators: {films / 'a.mp4'}: " in err
    assert "agree in 50% of 4 s, kappa 0.00, event F1 1.00" in err
    assert [(row.start, row.end) for row in open_ave(tmp_path / "made").rows] == [(0, 2)]


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("1\t2\tBark\n", ["--held-out", "0.6"], "--held-out (0.6) must be in [0, 0.5)"),
        ("1\t2\tBark\n", ["--rename", "Bark"], "--rename 'Bark': must be OLD=NEW"),
        ("1\t2\tBark\n", ["--rename", "Brak=x"], "--rename 'Brak': no annotation has this label"),
        (
            "1\t2\tBark\n2\t3\tbark\n",
            [],
            "differ by capitals alone; give one name: --rename 'bark=",
        ),
        ("1\t2\tR&B\n", [], "label 'R&B' has an '&'"),
        ("", [], "no film shows an event; a dataset needs one"),
        ("1\t2\t\n", [], "no annotation can be used; the first: "),
        ("dear diary", [], "is neither a label track of Audacity nor a selection table of Raven"),
    ],
)
def test_what_is_refused_in_one_line(
    text: str,
    more: list[str],
    said: str,
    films: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, err = refused(capsys, *words(films, tmp_path, put(tmp_path, "a.txt", text)), *more)
    assert code == 2
    assert said in err
    assert not (tmp_path / "made").exists()


def test_folders_that_are_refused(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = put(tmp_path, "a.txt", "1\t2\tBark\n")
    put(tmp_path, "made/mine.txt", "")
    code, err = refused(capsys, *words(films, tmp_path, notes))
    assert (code, "holds something else than a dataset of annotations" in err) == (2, True)
    code, err = refused(capsys, *words(tmp_path / "gone", tmp_path, notes))
    assert (code, "is no folder; give the one that holds the films" in err) == (2, True)
    code, err = refused(capsys, *words(films, tmp_path, tmp_path / "gone.eaf"))
    assert (code, "gone.eaf: no such file or folder" in err) == (2, True)


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_folder_that_cannot_be_used_is_refused_before_films_are_read(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    put(tmp_path, "made" if kind == "file" else "made/own.txt", "mine")
    code, err = refused(capsys, *words(films, tmp_path, put(tmp_path, "a.txt", "0\t3\tBark\n")))
    assert code == 2
    assert f"--out {tmp_path / 'made'}: " in err


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def footage_of(*_: object) -> None:
        raise AssertionError("a film is read")

    monkeypatch.setattr(lengths, "footage_of", footage_of)
