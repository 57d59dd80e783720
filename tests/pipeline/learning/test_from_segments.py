"""Training from segments runs every part, and its model is used as any other."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.cache.ave_h5 import write_order
from avel.cache.fingerprint import ContentKeys
from avel.pipeline.cli import main
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.stores import open_store, pack, segments_recipe
from tests.pipeline.learning.small import sets


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two short videos that are decoded already; the second has no sound in its last second."""
    root, cache = tmp_path_factory.mktemp("films"), tmp_path_factory.mktemp("cache")
    rng, keys = np.random.default_rng(0), ContentKeys(cache)
    (root / "AVE").mkdir()
    with open_store(cache, segments_recipe(SegmentConfig())).writer() as writer:
        for number in range(2):
            path = root / "AVE" / f"film{number}.mp4"
            path.write_text(f"film {number}")
            heard = np.array([True, number == 0])
            pictures = rng.integers(0, 256, (2, 1, 3, 224, 224), np.uint8)
            sound = rng.integers(-9000, 9000, (2, 44_100), np.int16) * heard[:, None]
            segments = Segments(pictures, sound.astype(np.int16), np.ones(2, bool), heard, 2.0)
            writer.add(keys.key(path), pack(segments))
    rows = [f"class {n}&film{n}&good&0&1" for n in range(2)]
    (root / "Annotations.txt").write_text("\n".join(rows) + "\n")
    for split in ("train", "val", "test"):
        write_order(root / f"{split}_order.h5", [0, 1])
    return root, cache


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.needs_cuda)])
def test_training_from_segments(
    filmed: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    """On two videos it learns nothing, but every part runs and the model is used as any other."""
    root, cache = filmed
    where = ["--cache-dir", str(cache), "--device", device]
    settings = ["augment.enabled=true", "adapter.placement=both", "train.epochs=1"]
    settings += ["options.d_model=16", "options.heads=2", "adapter.stages=[4]"]
    argv = ["train", "--data", str(root), "--out", str(tmp_path / "run"), *where]
    assert main([*argv, *sets(*settings)]) == 0
    assert (tmp_path / "run" / "adapters.safetensors").is_file()
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["features"]["read"]["stage"] == "segments"
    assert record["features"]["encoder"]["extractor"] == "audioclip-tiny"
    capsys.readouterr()
    video = root / "AVE" / "film0.mp4"
    assert main(["localize", str(video), "--json", "--model", str(tmp_path / "run"), *where]) == 0
    assert json.loads(capsys.readouterr().out)[0]["segments"] == 2
    adapters = ["--adapters", str(tmp_path / "run")]
    assert main(["extract", str(root / "AVE"), *adapters, *where]) == 0
    assert main(["evaluate", "--data", str(root), "--model", str(tmp_path / "run"), *where]) == 0
