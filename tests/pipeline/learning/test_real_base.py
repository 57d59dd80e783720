"""A training on the everyday model's encoders: what it reads, and that its model is used so."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.ave_h5 import write_order
from avel.cache.fingerprint import ContentKeys, fingerprint
from avel.pipeline.cli import main
from avel.pipeline.learning.experiment import load_experiment
from avel.pipeline.learning.prepare import prepare
from avel.pipeline.method.everyday import Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.model import TrainedModel
from avel.pipeline.method.stores import open_store, pack
from avel.pipeline.work.runtime import RuntimeConfig
from tests.extractors.made import mn_file
from tests.pipeline.learning.small import OPTIONS, QUICK, sets

CONFIG = "dmsf_real"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mn_file(tmp_path_factory.mktemp("weights"))


def test_it_reads_what_the_everyday_model_reads(weights: Path, tmp_path: Path) -> None:
    read = prepare(load_experiment(Path(CONFIG)), RuntimeConfig(tmp_path), [weights]).recipe
    everyday = Everyday(weights=[weights])
    assert fingerprint(read) == fingerprint(everyday.features)


def test_it_trains_and_its_model_cuts_videos_so(weights: Path, tmp_path: Path) -> None:
    root, cache, rng = tmp_path / "data", tmp_path / "cache", np.random.default_rng(0)
    (root / "AVE").mkdir(parents=True)
    experiment = load_experiment(Path(CONFIG))
    recipe = prepare(experiment, RuntimeConfig(cache), [weights]).recipe
    with open_store(cache, recipe).writer() as writer:
        for number in range(6):
            path = root / "AVE" / f"film{number}.mp4"
            path.write_text(f"film {number}")
            writer.add(ContentKeys(cache).key(path), pack(_features(rng, number % 2)))
    rows = [f"class {n % 2}&film{n}&good&0&8" for n in range(6)]
    (root / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split in ("train", "val", "test"):
        write_order(root / f"{split}_order.h5", range(6))
    out = tmp_path / "run"
    where = ["--data", root, "--cache-dir", cache, "--out", out, "--weights", weights]
    argv = ["train", *where, "--config", CONFIG, "--device", "cpu", *sets(*OPTIONS, *QUICK)]
    assert main([str(word) for word in argv]) == 0
    model = TrainedModel(out)
    assert model.segment.sound_seconds == (2, 10)
    assert model.segment.views == 1
    assert model.encoder([weights]).recipe["extractor"] == "efficientnet-lite0+mn04"


def _features(rng: np.random.Generator, label: int) -> Features:
    T = 10
    audio = rng.normal(0, 1, (T, 2 * 512)).astype(np.float32)
    audio[:, label] += 5
    there = np.ones(T, bool)
    return Features(
        rng.normal(0, 1, (T, 1280)).astype(np.float32),
        rng.normal(0, 1, (T, 49, 1280)).astype(np.float16),
        audio,
        there,
        there,
        10.0,
        (),
        rng.normal(0, 1, (T, 2, 1000)).astype(np.float32),
        rng.normal(0, 1, (T, 2, 527)).astype(np.float32),
    )
