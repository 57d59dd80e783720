"""Who decodes and who encodes: as the runtime says, and nobody before he is needed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.decoder import Decoders
from avel.pipeline.method.encode import CellBatches
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.makers import Makers
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.method.stubs import StubEncoder, cells, file, stub_plan


def test_decoders_are_as_the_runtime_says(tmp_path: Path) -> None:
    cut = stub_plan(StubEncoder()).segment
    runtime = RuntimeConfig(
        tmp_path, workers=3, window_cells=5, timeout_seconds=7, codecs=("magicyuv",)
    )
    with Makers().decoders(cut, runtime) as decoders:
        assert isinstance(decoders, Decoders)
        assert decoders.free
        assert not decoders.busy
        limits = decoders._limits
    assert (limits.workers, limits.window_cells) == (3, 5)
    assert (limits.timeout_seconds, limits.codecs) == (7, ("magicyuv",))


def test_batches_are_of_the_encoder_on_the_device(tmp_path: Path) -> None:
    encoder, runtime = StubEncoder(), RuntimeConfig(tmp_path, device="cpu", batch_cells=4)
    batches = Makers().batches(encoder, stub_plan(encoder).segment, runtime)  # type: ignore[arg-type]
    assert isinstance(batches, CellBatches)
    assert encoder.loads == 1
    ((name, features),) = batches.add((3, 1), cells(4, 9))
    assert name == (3, 1)
    np.testing.assert_array_equal(features.visual, np.full((4, 3), 9, np.float32))


class NoMakers(Makers):
    """Makes nothing."""

    def decoders(self, *_: object) -> None:  # type: ignore[override]
        raise AssertionError("nothing is to be decoded")

    def batches(self, *_: object) -> None:  # type: ignore[override]
        raise AssertionError("nothing is to be encoded")


def test_a_plan_names_its_makers_and_cached_features_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = stub_plan(StubEncoder())
    idle = replace(plan, makers=NoMakers())
    video, runtime = file(tmp_path, "a.mp4"), RuntimeConfig(tmp_path / "cache")
    with pytest.raises(AssertionError, match="nothing is to be decoded"):
        list(harvest([video], idle.stores(runtime.cache_dir), idle, runtime))
    stores = plan.stores(runtime.cache_dir)
    with stores.features.writer() as writer:
        writer.add(stores.keys.key(video), {"visual_mask": np.ones(2, bool)})
    [outcome] = harvest([video], stores, idle, runtime)
    assert (outcome.cached, outcome.cells) == (True, 2)
