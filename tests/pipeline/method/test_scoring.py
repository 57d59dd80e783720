"""Windows through a model: which cells go in, how answers are averaged, and the bench's one pass."""

import os
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from avel.cache.store import Store
from avel.models.card import Card
from avel.models.output import LocalizationOutput, Visual
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.method.scoring import probabilities, score_rows, score_videos, windows

CARD = Card("stub", {}, ("a", "b"), 4, {})


class Echo(nn.Module):
    """Relevance is the sound's first number, and the window's number of segments is remembered."""

    mixes_videos = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []
        self.masks: list[Tensor] = []

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> LocalizationOutput:
        self.seen.append((audio.shape[0], audio.shape[1]))
        self.masks.append(mask)
        B, T, P = visual.map.shape[:3]
        classes = torch.stack([visual.embedding[..., 0], -visual.embedding[..., 0]], -1)
        attention = torch.full((B, T, P), 1 / P)
        return LocalizationOutput(audio[..., 0], classes, {}, {"agva": attention})


def video(T: int, first: float = 0.0) -> Features:
    number = first + np.arange(T, dtype=np.float32)[:, None]
    heard = np.arange(T) % 3 != 1
    return Features(
        number, np.zeros((T, 2, 3), np.float16), number / 10, np.ones(T, bool), heard, float(T), ()
    )


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


@pytest.mark.parametrize("T", [1, 3, 4, 5, 11])
def test_every_cell_is_scored_by_its_own_numbers(T: int) -> None:
    """A model without memory: overlapping windows agree, so their mean is the answer."""
    model = Echo()
    (found,) = score_videos([video(T)], CARD, model, {}, ScoreConfig(2))
    np.testing.assert_allclose(found.relevance, logistic(np.arange(T) / 10), rtol=1e-5)
    np.testing.assert_allclose(found.classes[:, 0], logistic(2 * np.arange(T)), rtol=1e-5)
    np.testing.assert_array_equal(found.classes[:, 2], np.zeros(T))
    assert found.present.tolist() == [t % 3 != 1 for t in range(T)]
    assert {length for _, length in model.seen} == {4}


def test_windows_of_several_videos_share_a_batch() -> None:
    model, videos = Echo(), [video(4), video(2, 50), video(7, 20)]
    together = score_videos(videos, CARD, model, {}, ScoreConfig(1))
    assert model.seen == [(4, 4)]
    for one, scores in zip(videos, together, strict=True):
        (alone,) = score_videos([one], CARD, Echo(), {}, ScoreConfig(1))
        np.testing.assert_array_equal(scores.relevance, alone.relevance)


def test_a_model_that_mixes_videos_gets_them_one_by_one() -> None:
    model = Echo()
    model.mixes_videos = True
    score_videos([video(4), video(2, 50)], CARD, model, {}, ScoreConfig(1))
    assert model.seen == [(1, 4), (1, 4)]


def test_short_windows_are_masked() -> None:
    model = Echo()
    score_videos([video(3)], CARD, model, {}, ScoreConfig())
    assert model.masks[0].tolist() == [[True, True, True, False]]


def test_distances_are_measured_where_the_stream_is_there() -> None:
    extra = {
        f"{name}.{key}": torch.tensor(value)
        for name in ("visual", "audio")
        for key, value in (("mean", [0.0]), ("whitening", [[2.0]]), ("threshold", 1.0))
    }
    (found,) = score_videos([video(4)], CARD, Echo(), extra, ScoreConfig())
    np.testing.assert_allclose(found.visual_distance, [0, 2, 4, 6])
    np.testing.assert_allclose(found.audio_distance, [0, 0, 0.4, 0.6], rtol=1e-6)


def test_the_bench_takes_the_first_window_of_all_at_once() -> None:
    model = Echo()
    rows = score_rows([video(7), video(2, 50)], CARD, model)
    assert model.seen == [(2, 4)]
    assert [len(row.relevance) for row in rows] == [4, 2]
    assert [row.duration for row in rows] == [4.0, 2.0]
    np.testing.assert_allclose(rows[1].relevance, logistic([5.0, 5.1]), rtol=1e-5)


def test_video_level_classes_are_every_segments() -> None:
    output = LocalizationOutput(
        torch.zeros(2, 3), torch.tensor([[1.0, 0, 0], [0, 2, 0]]), {}, {"agva": torch.ones(2, 3, 1)}
    )
    relevance, classes, attention = probabilities(output, 2)
    assert relevance.tolist() == [[0.5] * 3] * 2
    assert classes.shape == (2, 3, 3)
    np.testing.assert_allclose(classes[0], np.broadcast_to(classes[0, 0], (3, 3)))
    assert attention.shape == (2, 3, 1)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the kernel does not say")
def test_memory_does_not_grow_with_a_long_videos_map(tmp_path: Path) -> None:
    """Features of an hour are read from the cache's file; what was scored goes back."""
    T = 3_600
    store = Store(tmp_path, "features", {"stage": "features", "version": 1, "config": {}})
    rows = np.ones((600, 49, 512), np.float16)  # 30 MB
    with store.writer() as writer:
        item = writer.stream("ab" * 32)
        for _ in range(T // len(rows)):
            item.append({"visual_map": rows})
        item.finish({})
    arrays = store.get("ab" * 32)
    assert arrays is not None
    long = replace(video(T), visual_map=arrays["visual_map"])  # type: ignore[arg-type]
    before = resident_bytes()
    most = [0]
    model = Echo()
    model.register_forward_hook(lambda *_: most.append(resident_bytes() - before))
    (found,) = score_videos([long], CARD, model, {}, ScoreConfig(0))
    assert len(found.relevance) == T
    assert max(most) < 60 << 20 < arrays["visual_map"].nbytes


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@given(st.integers(1, 300), st.integers(1, 20), st.data())
def test_windows_cover_everything_and_overlap_enough(
    count: int, length: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, length - 1))
    spans = windows(count, length, overlap)
    assert {t for span in spans for t in span} == set(range(count))
    assert all(len(span) == min(length, count) for span in spans)
    assert all(len({*one} & {*following}) >= overlap for one, following in pairwise(spans))
    assert all(b.start - a.start == length - overlap for a, b in pairwise(spans[:-1]))
    assert len(spans) == max(1, ceil((count - length) / (length - overlap)) + 1)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (7, [range(0, 7)]),
        (10, [range(0, 10)]),
        (13, [range(0, 10), range(3, 13)]),
        (22, [range(0, 10), range(5, 15), range(10, 20), range(12, 22)]),
    ],
)
def test_documented_windows(count: int, expected: list[range]) -> None:
    assert windows(count, 10, 5) == expected
    shown = ", ".join(f"{span.start}-{span.stop}" for span in expected)
    assert f"| {count} | 10 | 5 | {shown} |" in (windows.__doc__ or "")


@pytest.mark.parametrize("overlap", [-1, 10, 11])
def test_an_overlap_that_leaves_no_step(overlap: int) -> None:
    rule = rf"overlap \({overlap} cells\) must be in \[0, length\) = \[0, 10\)"
    with pytest.raises(ValueError, match=rule):
        windows(20, 10, overlap)
