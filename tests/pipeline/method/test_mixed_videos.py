"""A model that mixes the videos of a batch says of each video what it says of it alone."""

import numpy as np
import pytest
import torch

from avel.models.card import Card
from avel.models.table import build
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.scoring import score_rows, score_videos

OPTIONS = {"num_classes": 3, "audio_dim": 8, "map_channels": 12}
CARD = Card("magan", OPTIONS, ("a", "b", "c"), 4, {})


def video(cells: int, seed: int) -> Features:
    rng = np.random.default_rng(seed)
    visual, audio = (rng.random((cells, 8), np.float32) for _ in range(2))
    there = np.ones(cells, bool)
    visual_map = rng.random((cells, 9, 12), np.float32)
    return Features(visual, visual_map, audio, there, there, float(cells), ())


VIDEOS = [video(9, 0), video(4, 1), video(2, 2)]


def model(mixing: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return build("magan", {**OPTIONS, "mixing": mixing}).eval()


def far(a: list[SegmentScores], b: list[SegmentScores]) -> float:
    return max(float(np.abs(x.relevance - y.relevance).max()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("mixing", ["legacy", "fixed"])
def test_company_changes_nothing(mixing: str) -> None:
    network, config = model(mixing), ScoreConfig(2)
    together = score_videos(VIDEOS, CARD, network, {}, config)
    alone = [score_videos([one], CARD, network, {}, config)[0] for one in VIDEOS]
    assert [len(scores.relevance) for scores in together] == [9, 4, 2]
    assert far(together, alone) == (0 if mixing == "legacy" else pytest.approx(0, abs=1e-6))


def test_the_bench_keeps_its_batches() -> None:
    """There the published numbers are those of the split's batches."""
    short = VIDEOS[1:]
    together = score_rows(short, CARD, model("legacy"))
    alone = [score_rows([one], CARD, model("legacy"))[0] for one in short]
    assert far(together, alone) > 1e-5
