"""Which examples come when: every one once, in an order that seed and epoch decide."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluation.split import Split, open_split
from avel.pipeline.learning import batches
from avel.pipeline.learning.batches import EpochSampler, derived_seed, loader
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.prepare import prepare
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


class Rows:
    def __init__(self, *counts: int) -> None:
        self.videos = np.repeat(np.arange(len(counts)), counts)

    def __len__(self) -> int:
        return len(self.videos)


def drawn(rows: Rows, config: TrainConfig, epochs: int) -> list[int]:
    sampler = EpochSampler(rows, config)
    found = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        found += list(sampler)
    return found


def test_balanced_sampling_draws_every_class_alike() -> None:
    rows = Rows(100, 10, 1)
    found = rows.videos[drawn(rows, TrainConfig(balanced=True), 30)]
    np.testing.assert_allclose(np.bincount(found) / len(found), 1 / 3, atol=0.03)


def test_epochs_have_their_own_order() -> None:
    sampler = EpochSampler(Rows(50), TrainConfig())
    first = list(sampler)
    sampler.set_epoch(1)
    assert sorted(first) == sorted(sampler) == list(range(50))
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert list(EpochSampler(Rows(50), TrainConfig(seed=1))) != first


def test_unshuffled_is_the_rows_order() -> None:
    sampler = EpochSampler(Rows(20), TrainConfig(shuffle=False))
    sampler.set_epoch(7)
    assert list(sampler) == list(range(20))


@given(st.integers(1, 40), st.integers(1, 5), st.booleans())
def test_processes_share_an_epoch(count: int, world: int, shuffle: bool) -> None:
    """Together they see every example, all as many, and none twice more than is needed."""
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        for rank in range(world):
            patch.setattr(batches, "_world", lambda rank=rank: (rank, world))
            sampler = EpochSampler(Rows(count), TrainConfig(shuffle=shuffle))
            parts.append(list(sampler))
            assert len(parts[-1]) == len(sampler)
    seen = Counter(position for part in parts for position in part)
    assert seen.keys() == set(range(count))
    assert sum(seen.values()) - count < world
    assert len({len(part) for part in parts}) == 1
    assert max(seen.values()) - min(seen.values()) <= 1


def test_places_have_their_own_seed() -> None:
    places = [(seed, epoch, batch) for seed in range(4) for epoch in range(5) for batch in range(6)]
    assert len({derived_seed(*place) for place in places}) == len(places)
    assert derived_seed(1, 2, 3) == derived_seed(1, 2, 3)


@pytest.fixture(scope="module")
def part(bench: tuple[Path, Path]) -> Split:
    runtime = RuntimeConfig(bench[1], device="cpu")
    recipe = prepare(Experiment(), runtime).recipe
    return open_split(open_ave(bench[0]), "val", recipe, runtime)


def test_batches_of_a_split(part: Split) -> None:
    config, runtime = TrainConfig(batch_size=5), RuntimeConfig()
    sizes = [len(batch.row) for batch in loader(part.rows, config, runtime, training=True)]
    assert sizes == [5, 5, 2]
    dropping = TrainConfig(batch_size=5, drop_last=True)
    sizes = [len(batch.row) for batch in loader(part.rows, dropping, runtime, training=True)]
    assert sizes == [5, 5]
    held = [batch.row for batch in loader(part.rows, dropping, runtime, training=False)]
    assert torch.equal(torch.cat(held), torch.arange(12))  # all of them, in their order


def test_batches_read_ahead_are_the_same(part: Split) -> None:
    config = TrainConfig(batch_size=5)
    here, ahead = (
        list(loader(part.rows, config, RuntimeConfig(loaders=n), training=True)) for n in (0, 1)
    )
    assert len(here) == len(ahead) == 3
    for one, other in zip(here, ahead, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_cannot_be_batched(part: Split) -> None:
    with pytest.raises(InputError, match=r"train.batch_size \(8\) must be a multiple of --devices"):
        loader(part.rows, TrainConfig(batch_size=8), RuntimeConfig(devices=3), training=True)
    with pytest.raises(InputError, match=r"the only batch would be left out, 12 videos are fewer"):
        loader(part.rows, TrainConfig(drop_last=True), RuntimeConfig(), training=True)
    with pytest.raises(InputError, match="a split has no video with features"):
        loader(Rows(), TrainConfig(), RuntimeConfig(), training=False)  # type: ignore[arg-type]
