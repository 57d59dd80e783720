"""The domain of a training is fitted one video at a time, from present segments alone."""

import weakref

import numpy as np
import pytest
import torch

from avel.models.domain import fit_domain
from avel.pipeline.learning.domain import domain_of
from avel.pipeline.method.extract import Features


class Rows:
    """Videos of a few segments, made when asked for; knows how many are held at once."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._alive: list[weakref.ref[Features]] = []
        self.most = 0
        self.videos = np.arange(count) % 2

    def __len__(self) -> int:
        return self._count

    def features(self, index: int) -> Features:
        rng = np.random.default_rng((self._seed, index))
        T = int(rng.integers(1, 6))
        seen, heard = (rng.normal(3, 2, (T, 4)).astype(np.float32) for _ in range(2))
        masks = rng.random((2, T)) < 0.8
        made = Features(seen, np.zeros((T, 1, 1), np.float16), heard, *masks, float(T), ())
        self._alive = [ref for ref in self._alive if ref() is not None] + [weakref.ref(made)]
        self.most = max(self.most, len(self._alive))
        return made


def present(rows: Rows, name: str) -> torch.Tensor:
    mask = "visual_mask" if name == "visual" else "audio_mask"
    every = [rows.features(index) for index in range(len(rows))]
    return torch.cat([torch.from_numpy(getattr(f, name)[getattr(f, mask)]) for f in every])


def kinds_of(rows: Rows, name: str) -> list[int]:
    """The video's label of every present segment."""
    mask = "visual_mask" if name == "visual" else "audio_mask"
    every = zip(rows.videos.tolist(), (rows.features(i) for i in range(len(rows))), strict=True)
    return [label for label, f in every for _ in range(int(getattr(f, mask).sum()))]


def test_it_is_the_fit_of_all_at_once() -> None:
    train, held = Rows(60, 0), Rows(30, 1)
    found = domain_of(train, held, lambda features: features)  # type: ignore[arg-type]
    for name in ("visual", "audio"):
        whole = fit_domain(present(train, name), present(held, name), kinds_of(train, name))
        for key, value in whole.items():
            torch.testing.assert_close(found[f"{name}.{key}"], value, rtol=1e-5, atol=1e-6)
    assert set(found) == {f"{n}.{k}" for n in ("visual", "audio") for k in whole}


def test_one_video_is_held_at_a_time() -> None:
    train, held = Rows(60, 0), Rows(30, 1)
    domain_of(train, held, lambda features: features)  # type: ignore[arg-type]
    assert train.most <= 2  # the one that is read, and the one before
    assert held.most <= 2


def test_tuning_comes_first() -> None:
    def doubled(features: Features) -> Features:
        return Features(
            2 * features.visual, features.visual_map, features.audio, features.visual_mask,
            features.audio_mask, features.duration, features.flags,
        )  # fmt: skip

    plain = domain_of(Rows(40, 0), Rows(20, 1), lambda features: features)  # type: ignore[arg-type]
    tuned = domain_of(Rows(40, 0), Rows(20, 1), doubled)  # type: ignore[arg-type]
    torch.testing.assert_close(tuned["visual.mean"], 2 * plain["visual.mean"])
    torch.testing.assert_close(tuned["audio.mean"], plain["audio.mean"])


def test_a_modality_that_is_nowhere() -> None:
    class Silent(Rows):
        def features(self, index: int) -> Features:
            made = super().features(index)
            made.audio_mask[:] = False
            return made

    with pytest.raises(Exception, match="audio: a domain needs at least 2 training vectors, not 0"):
        domain_of(Silent(5, 0), Rows(5, 1), lambda features: features)  # type: ignore[arg-type]
