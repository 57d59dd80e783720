"""Films whose features are in a cache, so that teaching decodes nothing and needs no weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from avel.cache.fingerprint import ContentKeys
from avel.extractors import choose
from avel.pipeline.learning import teach as teaching
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.stores import features_recipe, open_store, pack
from tests.pipeline.learning.taught_films import features

HEARD: Mapping[str, tuple[Sequence[int], Sequence[int]]] = {
    "dog, one: a.mp4": ([0, 0, 0, 5, 5], [0] * 5),
    "dog2.mp4": ([5, 0, 0, 0], [0] * 4),
    "cat.mp4": ([1] * 4, [1] * 4),
    "rain.mp4": ([5] * 4, [5] * 4),
    "silent.mp4": ([-1] * 4, [0] * 4),
    "hush.mp4": ([500] * 4, [0] * 4),
    "sound.wav": ([0] * 4, [-1] * 4),
}
"""Class of sound and of sight of every second."""


class CachedEveryday:
    """The everyday model's recipes, with an encoder that is never asked for."""

    def __init__(self, weights: Sequence[Path] = ()) -> None:
        self.segment = SegmentConfig()
        self.features = features_recipe(self.segment, choose("audioclip-tiny").recipe)

    def encoder(self, weights: Sequence[Path]) -> None:
        pytest.fail("everything is cached")


def fill_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder with the films of `HEARD`, and the cache that knows them."""
    monkeypatch.setattr(teaching, "Everyday", CachedEveryday)
    films, cache = folder / "films", folder / "cache"
    films.mkdir()
    keys = ContentKeys(cache)
    with open_store(cache, CachedEveryday().features).writer() as writer:
        for name, (heard, seen) in HEARD.items():
            path = films / name
            path.write_text(name)
            made: Features = features(heard, seen)
            writer.add(keys.key(path), pack(made))
    return films, cache
