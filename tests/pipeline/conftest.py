"""A small bench whose features say what happens in each cell."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.once import made_once
from tests.pipeline.learning.small import run, sets

if TYPE_CHECKING:
    from avel.pipeline.method.extract import Features

CLASSES = 4


def vectors(seen: np.ndarray, heard: np.ndarray, rng: np.random.Generator) -> Features:
    """Features that name what is seen and heard in each of ten cells; -1 is nothing."""
    from avel.pipeline.method.extract import Features  # slow to import

    T = len(seen)

    def code(values: np.ndarray) -> np.ndarray:
        out = rng.normal(0, 0.1, (T, 128)).astype(np.float32)
        out[np.arange(T), np.where(values < 0, CLASSES, values)] += 3
        return out

    maps = rng.normal(0, 0.1, (T, 49, 512)).astype(np.float16)
    return Features(code(seen), maps, code(heard), np.ones(T, bool), np.ones(T, bool), float(T), ())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset folder and a cache with made-up features that say what happens in each cell."""
    return _own(tmp_path_factory)


def _own(factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    made = made_once(factory, "bench", _make_bench)
    own = Path(shutil.copytree(made, factory.mktemp("bench") / "own"))
    return own / "data", own / "cache"


def _make_bench(folder: Path) -> None:
    from avel.cache.ave_h5 import write_order  # slow to import
    from avel.cache.fingerprint import ContentKeys
    from avel.extractors import choose
    from avel.pipeline.media.cells import SegmentConfig
    from avel.pipeline.method.stores import features_recipe, open_store, pack

    root, cache = folder / "data", folder / "cache"
    root.mkdir()
    rng = np.random.default_rng(0)
    recipe = features_recipe(SegmentConfig(), choose("audioclip-tiny").recipe)
    store, keys = open_store(cache, recipe), ContentKeys(cache)
    rows = []
    (root / "AVE").mkdir()
    (root / "noisy").mkdir()
    with store.writer() as writer:
        for number in range(72):
            label, start = number * CLASSES // 72, int(rng.integers(0, 5))
            end = start + int(rng.integers(2, 6))
            seen, heard = np.full(10, -1), np.full(10, -1)
            seen[start:end] = heard[start:end] = label
            video = root / "AVE" / f"video{number:06d}.mp4"
            video.write_text(f"video {number}")
            writer.add(keys.key(video), pack(vectors(seen, heard, rng)))
            rows.append(f"class {label}&{video.stem}&good&{start}&{end}")
        names = []
        for number in range(16):
            seen = heard = np.full(10, -1)
            video = root / "noisy" / f"noisy{number:06d}.mp4"
            video.write_text(f"noisy {number}")
            writer.add(keys.key(video), pack(vectors(seen, heard, rng)))
            names.append(video.stem)
    (root / "Annotations.txt").write_text("\n".join(rows) + "\n")
    (root / "noisySet.txt").write_text("\n".join(names))
    order = rng.permutation(72)
    for split, part in (("train", order[:48]), ("val", order[48:60]), ("test", order[60:])):
        write_order(root / f"{split}_order.h5", sorted(part))
        write_order(root / f"{split}_order_match.h5", sorted(part))


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same for what is trained once and read by many."""
    return _own(tmp_path_factory)


@pytest.fixture(scope="session")
def trained(shared_bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of the narrow DMSF that has learned what the features say."""

    def make(out: Path) -> None:
        assert run(shared_bench, out, *sets("train.epochs=8")) == 0

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="session")
def weak(shared_bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same from video-level labels and background-only videos."""

    def make(out: Path) -> None:
        settings = sets("train.epochs=6", "train.patience=0")
        assert run(shared_bench, out, *settings, config="dmsf_weak") == 0

    return made_once(tmp_path_factory, "weak", make)
