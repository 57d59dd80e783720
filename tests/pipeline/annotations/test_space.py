"""Windows as points."""

import numpy as np
import pytest

from avel.pipeline.annotations.space import WIDTH, points_of_features, points_of_words
from avel.pipeline.annotations.windows import Window
from avel.pipeline.method.extract import Features
from avel.pipeline.method.results import Result


def window(film: int, start: int = 0, stop: int = 4) -> Window:
    return Window(film, start, stop, "", 0.0, 0.0)


def features(visual: object, audio: object, heard: bool = True) -> Features:
    sight, sound = np.array(visual, np.float16), np.array(audio, np.float16)
    T = len(sight)
    mask = np.full(T, heard)
    return Features(
        sight, np.zeros((T, 0, 0), np.float16), sound, np.ones(T, bool), mask, float(T), 0
    )


def test_like_films_are_near_and_loudness_says_nothing() -> None:
    films = [
        features([[1, 0]] * 4, [[0, 1]] * 4),
        features([[9, 0]] * 4, [[0, 2]] * 4),
        features([[0, 1]] * 4, [[1, 0]] * 4),
    ]
    points = points_of_features([window(n) for n in range(3)], films.__getitem__)
    assert points is not None
    np.testing.assert_allclose(points @ points.T, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=1e-6)


def test_a_window_is_of_its_own_cells() -> None:
    film = features([[1, 0]] * 4 + [[0, 1]] * 4, [[1, 0]] * 8)
    points = points_of_features([window(0, 0, 4), window(0, 4, 8)], lambda number: film)
    assert points is not None
    assert points[0] @ points[1] == pytest.approx(0.5)


def test_a_sense_that_is_not_there_is_nowhere() -> None:
    film = features([[1, 0]] * 4, [[7, 7]] * 4, heard=False)
    points = points_of_features([window(0)], lambda number: film)
    assert points is not None
    np.testing.assert_allclose(points[0], [1, 0, 0, 0])


def test_many_numbers_become_few_and_distances_stay() -> None:
    rng = np.random.default_rng(1)
    wide = rng.standard_normal((6, 1500))
    films = [features(row[None].repeat(4, 0), [[1.0]] * 4) for row in wide]
    points = points_of_features([window(n) for n in range(6)], films.__getitem__)
    assert points is not None
    assert points.shape == (6, WIDTH + 1)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    np.testing.assert_allclose(points @ points.T, (unit @ unit.T + 1) / 2, atol=0.15)


def test_features_of_one_film_that_are_missing_are_missing() -> None:
    film = features([[1, 0]] * 4, [[0, 1]] * 4)
    assert points_of_features([window(0), window(1)], {0: film, 1: None}.__getitem__) is None


def test_words_tell_films_apart_by_sense() -> None:
    def named(**by_sense: str) -> Result:
        words = {sense: ((label, 0.5),) * 4 for sense, label in by_sense.items()}
        return Result("a.mp4", "ok", relevance=(0.5,) * 4, **words)  # type: ignore[arg-type]

    results = [named(heard="Bark", seen="Dog"), named(heard="Bark", seen="Cat"), named(seen="Bark")]
    points = points_of_words([window(n) for n in range(3)], results)
    np.testing.assert_allclose(points @ points.T, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]], atol=1e-6)
