"""Segment accuracy of open vocabulary on a split: shipped tiny weights, no localization training.

avel synth data/synth && avel extract data/synth
python -m benchmarks.zero_shot --data data/synth
"""

import argparse
from pathlib import Path

import numpy as np

from avel.pipeline.config import RuntimeConfig
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluate import open_split
from avel.pipeline.events import EventConfig, segment_decisions
from avel.pipeline.metrics import segment_accuracy
from avel.pipeline.openvocab import OpenVocabulary
from avel.pipeline.run import extractor_recipe
from avel.pipeline.scores import ScoreConfig
from avel.pipeline.segment import SegmentConfig
from avel.pipeline.stages import features_recipe


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    data = open_ave(args.data)
    words = OpenVocabulary(data.classes, "audioclip-tiny", None)
    recipe = features_recipe(SegmentConfig(), extractor_recipe("audioclip-tiny", None))
    print("| split | videos | segment accuracy (%) | all background (%) |\n|---|---|---|---|")
    for split in ("val", "test"):
        rows = open_split(data, split, recipe, RuntimeConfig()).rows
        scores = [words.score(rows.features(i), ScoreConfig()) for i in range(len(rows))]
        decisions = np.stack([segment_decisions(s, EventConfig())[:10] for s in scores])
        accuracy = segment_accuracy(decisions, rows.segments)
        background = (rows.segments == len(data.classes)).mean()
        print(f"| {split} | {len(rows)} | {100 * accuracy:.1f} | {100 * background:.1f} |")


if __name__ == "__main__":
    main()
