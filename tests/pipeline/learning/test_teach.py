"""Teaching as a whole: what is learned of which films, and what cannot be used."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.fingerprint import file_sha256
from avel.pipeline.datasets.examples import Example, example_of, examples_in
from avel.pipeline.learning.teach import Report, ordinary_looks, teach
from avel.pipeline.method.taught import TaughtModel
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.learning.taught_cache import fill_cache


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    return fill_cache(tmp_path, monkeypatch)


def taught(films: tuple[Path, Path], *examples: Example) -> Report:
    return teach(examples, films[0].parent / "out", RuntimeConfig(films[1], workers=1))


def words(films: tuple[Path, Path], label: str, name: str, *spans: str) -> list[Example]:
    return example_of([label, str(films[0] / name), *spans])


def test_films_become_a_model(films: tuple[Path, Path]) -> None:
    report = taught(
        films,
        *words(films, "Bark", "dog, one: a.mp4", "0-3"),
        *words(films, "Meow", "cat.mp4"),
        *words(films, "Bark", "dog2.mp4", "1-4"),
    )
    assert report.lesson.classes == ("Bark", "Meow")
    assert [film.path.name for film in report.films] == ["dog, one: a.mp4", "cat.mp4", "dog2.mp4"]
    assert (report.judged.films, report.judged.right) == (2, 2)
    assert report.not_used == ()
    model = TaughtModel(films[0].parent / "out")
    assert model.classes == ("Bark", "Meow")
    np.testing.assert_allclose(model._taught[0].events, report.lesson.taught.events)


def test_what_gives_way_is_kept_of_what_is_taught(films: tuple[Path, Path]) -> None:
    pairs = [("Whistle", "Bark"), ("Whistle", "Meow"), ("Owl", "Bark")]
    out = films[0].parent / "out"
    examples = words(films, "Bark", "dog2.mp4", "1-4")
    report = teach(examples, out, RuntimeConfig(films[1], workers=1), gives_way=iter(pairs))
    assert report.lesson.gives_way == (pairs[0], pairs[2])
    told = TaughtModel(out)
    assert (told.gives_way, told.sha256) == ({pairs[0], pairs[2]}, file_sha256(told.path))
    taught(films, *examples)
    assert TaughtModel(out).gives_way == frozenset()
    assert TaughtModel(out).sha256 != told.sha256


def test_a_film_that_is_not_there(films: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"--event Bark .*gone.mp4: .*gone.mp4: is not a file"):
        taught(films, *words(films, "Bark", "gone.mp4", "0-3"))


@pytest.mark.parametrize(
    ("name", "sense"),
    [("silent.mp4", "sound"), ("hush.mp4", "sound"), ("sound.wav", "picture")],
)
def test_a_film_without_a_sense(films: tuple[Path, Path], name: str, sense: str) -> None:
    with pytest.raises(InputError, match=f"the film has no {sense}; an event must be both"):
        taught(films, *words(films, "Bark", name), *words(films, "Meow", "cat.mp4"))
    assert not (films[0].parent / "out" / "model.safetensors").exists()


def test_times_outside_a_film(films: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"3-9 s lies outside the film, which is 5\.0 s long"):
        taught(films, *words(films, "Bark", "dog, one: a.mp4", "3-9"))


def test_one_event_that_fills_its_film(films: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="'Meow' is the only event and fills its films"):
        taught(films, *words(films, "Meow", "cat.mp4"))
    report = taught(
        films, *words(films, "Meow", "cat.mp4"), *words(films, "background", "rain.mp4")
    )
    assert report.lesson.classes == ("Meow",)
    assert taught(films, *words(films, "Bark", "dog2.mp4", "1-4")).lesson.classes == ("Bark",)


def test_of_a_table_what_cannot_be_used_is_named_and_left_out(films: tuple[Path, Path]) -> None:
    table = films[0] / "table.csv"
    lines = ["file,onset,offset,label", '"dog, one: a.mp4",0,3,Bark', "gone.mp4,,,Bark"]
    table.write_text("\n".join([*lines, "silent.mp4,,,Bark", "cat.mp4,,,Meow"]) + "\n")
    report = taught(films, *examples_in(table))
    assert [film.path.name for film in report.films] == ["dog, one: a.mp4", "cat.mp4"]
    assert len(report.not_used) == 2
    assert "gone.mp4" in report.not_used[0]
    assert f"{table}, row 4: the film has no sound" in report.not_used[1]


def test_a_table_of_which_nothing_can_be_used(films: tuple[Path, Path]) -> None:
    table = films[0] / "table.csv"
    table.write_text("file,onset,offset,label\nsilent.mp4,,,Bark\n")
    with pytest.raises(InputError, match=r"no film can be used; the first: .*has no sound"):
        taught(films, *examples_in(table))


def test_what_is_usual_comes_with_the_encoders() -> None:
    looks = ordinary_looks()
    assert (len(looks.usual_sounds), len(looks.usual_sights)) == (527, 1000)
    assert ((looks.usual_sounds > 0) & (looks.usual_sounds < 1)).all()
    assert set(looks.usual_sounds.argsort()[-2:]) == {0, 137}  # speech and music
