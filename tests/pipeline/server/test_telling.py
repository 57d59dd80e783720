"""How far teaching is."""

from pathlib import Path

import pytest

from avel.models.card import CHECKPOINT
from avel.pipeline.datasets.examples import example_of
from avel.pipeline.learning.teach import teach
from avel.pipeline.server.job_work import Stopped
from avel.pipeline.server.telling import Telling
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.learning.taught_cache import fill_cache

Told = list[tuple[str, float, float]]


def test_each_film_is_told_when_it_was_used(capsys: pytest.CaptureFixture[str]) -> None:
    told, seen = Told(), list[int]()
    for film in Telling(3, lambda *said: told.append(said)).track("abc"):
        seen.append(len(told))
        assert film == "abc"[len(told)]
    assert seen == [0, 1, 2]
    assert told == [("teaching", done, 3.0) for done in (1.0, 2.0, 3.0)]
    assert capsys.readouterr().err == ""


def test_it_ends_between_two_films() -> None:
    def tell(stage: str, done: float, total: float) -> None:
        raise Stopped

    films = iter("abc")
    with pytest.raises(Stopped):
        for _ in Telling(3, tell).track(films):
            pass
    assert next(films) == "b"


def test_it_ends_inside_of_a_long_film() -> None:
    told = Told()
    telling = Telling(2, lambda *said: told.append(said))
    films = telling.track("ab")
    next(films)
    telling.watch(Path("a.mp4"), 16, 7_200.0)
    next(films)
    telling.watch(Path("b.mp4"), 16, 0.0)
    assert told == [("teaching", done, 2.0) for done in (0.0, 1.0, 1.0)]


def test_teaching_that_is_cancelled_writes_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, cache = fill_cache(tmp_path, monkeypatch)
    names = {"dog2.mp4": "Bark", "cat.mp4": "Meow"}
    examples = [each for n, label in names.items() for each in example_of([label, str(films / n)])]
    told = Told()

    def tell(*said: object) -> None:
        told.append(said)  # type: ignore[arg-type]
        raise Stopped

    runtime, out = RuntimeConfig(cache, workers=1), tmp_path / "out"
    with pytest.raises(Stopped):
        teach(examples, out, runtime, progress=Telling(2, tell))
    assert told == [("teaching", 1.0, 2.0)]
    assert not (out / CHECKPOINT).exists()
    again = Told()
    teach(examples, out, runtime, progress=Telling(2, lambda *said: again.append(said)))
    assert again == [("teaching", 1.0, 2.0), ("teaching", 2.0, 2.0)]
    assert (out / CHECKPOINT).exists()
