"""Segment accuracy of open vocabulary on a split: shipped tiny weights, no localization training.

avel synth data/synth && avel extract data/synth
python -m benchmarks.zero_shot --data data/synth
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from avel.extractors import choose
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.datasets.features import FeatureRows
from avel.pipeline.evaluation.metrics import segment_accuracy
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decide import decide
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.openvocab import OpenVocabulary
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.work.runtime import RuntimeConfig


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    data, encoder = open_ave(args.data), choose("audioclip-tiny")
    words = OpenVocabulary(data.classes, encoder)
    recipe = features_recipe(SegmentConfig(), encoder.recipe)
    print_cosines(words, open_split(data, "val", recipe, RuntimeConfig()).rows)
    print("| split | videos | segment accuracy (%) | all background (%) |\n|---|---|---|---|")
    for split in ("val", "test"):
        rows = open_split(data, split, recipe, RuntimeConfig()).rows
        scores = words.score([rows.features(i) for i in range(len(rows))], ScoreConfig())
        decisions = np.stack([decide(s, s.present, EventConfig())[:10] for s in scores])
        accuracy = segment_accuracy(decisions, rows.segments)
        background = (rows.segments == len(data.classes)).mean()
        print(f"| {split} | {len(rows)} | {100 * accuracy:.1f} | {100 * background:.1f} |")


def print_cosines(words: OpenVocabulary, rows: FeatureRows) -> None:
    """Where the calibrated rest lies between events and cells that show or sound nothing."""
    texts = words.texts
    for modality in ("visual", "audio"):
        vectors = np.stack([getattr(rows.features(i), modality)[:10] for i in range(len(rows))])
        cosines = functional.normalize(torch.from_numpy(vectors), dim=-1) @ texts.embeddings.T
        labels = torch.from_numpy(rows.segments)
        events = labels < len(words.classes)
        own = cosines.gather(2, labels.clamp(max=len(words.classes) - 1)[..., None])[..., 0][events]
        others = cosines.amax(2)[~events]
        print(
            f"{modality}: 98 % of events' own cosines are above {own.quantile(0.02):.2f}, the emptiest "
            f"tenth of other cells is below {others.quantile(0.1):.2f}; the rest is "
            f"{texts.kind.rest_cosines[modality]:.2f}"
        )
    print()


if __name__ == "__main__":
    main()
