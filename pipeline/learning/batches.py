"""Which examples come when: an epoch's order, shared out over processes, and its batches."""

from collections.abc import Iterator, Sized

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from avel.pipeline.datasets.features import Example, FeatureRows
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


def derived_seed(*place: int) -> int:
    """Seed in [0, 2^32) of one place of a run: its seed, the epoch, the batch, the rank."""
    return int(np.random.SeedSequence(place).generate_state(1)[0])


class EpochSampler(Sampler[int]):
    """Positions of one epoch in an order that the seed and the epoch decide."""

    def __init__(self, rows: Sized, config: TrainConfig) -> None:
        self._count, self._seed, self._epoch = len(rows), config.seed, 0
        self._shuffle = config.shuffle or config.balanced
        self._weights: Tensor | None = None
        if config.balanced:
            videos = torch.from_numpy(rows.videos)  # type: ignore[attr-defined]
            self._weights = 1.0 / torch.bincount(videos)[videos].double()

    def set_epoch(self, epoch: int) -> None:
        """Lightning says which epoch is next, counted from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return -(-self._count // _world()[1])

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(derived_seed(self._seed, self._epoch))
        if not self._shuffle:
            order = torch.arange(self._count)
        elif self._weights is None:
            order = torch.randperm(self._count, generator=generator)
        else:
            order = torch.multinomial(self._weights, self._count, True, generator=generator)
        rank, world = _world()
        positions = order.tolist()
        for place in range(rank, len(self) * world, world):  # all take as many steps
            yield positions[place % self._count]


def _world() -> tuple[int, int]:
    """Number of this process and of all that train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def loader(
    rows: FeatureRows, config: TrainConfig, runtime: RuntimeConfig, *, training: bool
) -> DataLoader[Example]:
    """Batches (B, T, ...) of a split; `batch_size` is that of all processes together.

    Only training's batches are shared out: every process validates on the whole split, so that the
    numbers are those of one process.

    Raises:
        InputError: it is empty.
    """
    if not len(rows):
        raise InputError(
            "a split has no video with features; run `avel extract` on the dataset first"
        )
    if training and config.batch_size % runtime.devices:
        raise InputError(
            f"train.batch_size ({config.batch_size}) must be a multiple of --devices "
            f"({runtime.devices})"
        )
    if training and config.drop_last and len(rows) < config.batch_size:
        raise InputError(
            f"train.drop_last: the only batch would be left out, {len(rows)} videos are fewer than "
            f"train.batch_size ({config.batch_size})"
        )
    sampler = EpochSampler(rows, config) if training else None
    size = config.batch_size // runtime.devices if training else config.batch_size
    return DataLoader(
        rows,
        size,
        sampler=sampler,
        drop_last=training and config.drop_last,
        num_workers=runtime.loaders,
        # never forked: a store's maps and locks are this process's own
        multiprocessing_context="spawn" if runtime.loaders else None,
        persistent_workers=runtime.loaders > 0,
        pin_memory=torch.cuda.is_available(),
    )
