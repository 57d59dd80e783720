"""Which film an annotation is about: one of those that are there, and never a path of the file's."""

import json
import unicodedata
from pathlib import Path

import pytest

from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put, sheet
from tests.pipeline.formats.results import plain


@pytest.fixture
def media(tmp_path: Path) -> Path:
    for name in (
        "a.mp4",
        "x/b.mp4",
        "y/b.mp4",
        "y/z/b.mp4",
        "c d ü.mkv",
        "e.wav",
        "e.mov",
        "%41.mp4",
    ):
        put(tmp_path / "media", name, "")
    return tmp_path / "media"


def found(media: Path, *films: str, path: str = "notes.eaf") -> str:
    film = Films.below(media).of(Sheet(media.parent / path, films, ()))
    return str(film.relative_to(media))


@pytest.mark.parametrize(
    ("named", "film"),
    [
        ("a.mp4", "a.mp4"),
        ("./a.mp4", "a.mp4"),
        ("/somewhere/else/a.mp4", "a.mp4"),
        ("file:///C:/Users/Ann/a.mp4", "a.mp4"),
        ("C:\\Users\\Ann\\a.mp4", "a.mp4"),
        ("file:///films/c%20d%20%C3%BC.mkv", "c d ü.mkv"),
        ("%41.mp4", "%41.mp4"),
        ("https://host/films/a.mp4", "a.mp4"),
        ("x/b.mp4", "x/b.mp4"),
        ("/old/y/z/b.mp4", "y/z/b.mp4"),
        ("z/b.mp4", "y/z/b.mp4"),
        ("a.avi", "a.mp4"),
        ("a", "a.mp4"),
        ("e.flac", "e.mov"),
        ("e.wav", "e.wav"),
    ],
)
def test_by_its_name_and_as_many_folders_as_it_shares(media: Path, named: str, film: str) -> None:
    assert found(media, named) == film


def test_the_first_name_that_leads_somewhere(media: Path) -> None:
    assert found(media, "gone.mp4", "a.mp4") == "a.mp4"
    # a whole name comes before a stem, whatever the order
    assert found(media, "e.ogg", "a.mp4") == "a.mp4"


def test_a_letter_in_two_forms(media: Path) -> None:
    assert found(media, unicodedata.normalize("NFD", "c d ü.mkv")) == "c d ü.mkv"


@pytest.mark.parametrize(
    "name",
    ["a.eaf", "a.mp4.vtt", "a.audacity.txt", "a.mp4.audacity.txt", "a.Table.1.selections.txt",
     "a.BirdNET.selection.table.txt", "deep/er/a.TextGrid"],
)  # fmt: skip
def test_by_the_name_of_the_file_itself(media: Path, name: str) -> None:
    assert found(media, path=name) == "a.mp4"


@pytest.mark.parametrize(
    "named", ["../../etc/passwd", "/etc/passwd", "..", "../media", "a.mp4/../../secret.mp4"]
)
def test_no_path_leaves_the_folder(media: Path, named: str) -> None:
    put(media.parent, "secret.mp4", "")
    with pytest.raises(InputError, match="no such film is below --media"):
        found(media, named)


def test_a_film_that_is_not_there(media: Path) -> None:
    with pytest.raises(
        InputError, match=r"notes\.eaf: is about 'gone\.mp4', and no such film is be"
    ):
        found(media, "gone.mp4")
    with pytest.raises(InputError, match=r"is about '….{100}'"):
        found(media, "g" * 200)


def test_a_film_that_may_be_any_of_several(media: Path) -> None:
    with pytest.raises(
        InputError, match=r"'b\.mp4' may be any of 3 films \(.*x/b\.mp4, .*y/b\.mp4, "
    ):
        found(media, "b.mp4")
    with pytest.raises(InputError, match="give the films names of their own"):
        found(media, path="b.eaf")


def test_our_own_index_tells_films_of_one_name_apart(media: Path) -> None:
    films, out = [str(media / name) for name in ("x/b.mp4", "y/b.mp4")], media.parent / "out"
    with ResultFolder(out, films, formats=["audacity"]) as folder:
        for film in films:
            folder.add(plain(film))
        names = folder.names
    for film in films:
        named = out / f"{names[film]}.audacity.txt"
        assert str(Films.below(media).of(sheet(named))) == film


def test_an_index_that_is_damaged_is_no_help(media: Path) -> None:
    for text in ("{", "[]", '{"names": 5}', json.dumps({"names": {"a": 5}})):
        put(media.parent, "avel.index", text)
        assert found(media, path="a.eaf") == "a.mp4"


def test_folders_without_films(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--media .*: holds no media file"):
        Films.below(tmp_path)
    with pytest.raises(InputError, match="is no folder; give the one that holds the films"):
        Films.below(tmp_path / "gone")


def test_films_that_are_named_one_by_one() -> None:
    films = Films([Path("clips/a.mp4")], "among the results")
    assert films.of(sheet("a.eaf")) == Path("clips/a.mp4")
    with pytest.raises(InputError, match="no such film is among the results"):
        films.of(sheet("b.eaf"))
