"""Training from the cache: videos a second, and how long each step waits for its data.

    avel synth data/shift --shift && avel extract data/shift
    python -m benchmarks.train --data data/shift

An epoch of DMSF with each placement of adapters, read from the cached stage before the first
trainable layer. In-trunk activations are filled first and not timed. The first steps are left out.
"""

import argparse
import os
import time
from pathlib import Path

import torch

from avel.models.table import LOSSES, build
from avel.pipeline.datasets.ave import AveFolder, open_ave
from avel.pipeline.datasets.features import FeatureRows, SegmentRows
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.learning.batches import loader
from avel.pipeline.learning.experiment import load_experiment, model_options
from avel.pipeline.learning.fill import fill
from avel.pipeline.learning.fronts import tuned
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.prepare import prepare
from avel.pipeline.work.runtime import RuntimeConfig

WARM_STEPS = 3
CASES = {
    "none, cached features": [],
    "output, cached features": ["adapter.placement=output"],
    "after stages 3 and 4, cached activations": ["adapter.placement=trunk"],
    "output, segments": ["adapter.placement=output", "augment.enabled=true"],
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=25, help="at most")
    parser.add_argument("--all", action="store_true", help="in-trunk and segments too (slow)")
    args = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    data = open_ave(args.data)
    print(f"{torch.get_num_threads()} cores, batches of 32 videos\n")
    print("| adapters | videos/s | data wait of a step (ms) | step (ms) | share waited (%) |")
    print("|---|---|---|---|---|")
    for name in CASES if args.all else list(CASES)[:2]:
        waits, steps = epoch(data, CASES[name], args.steps)
        wait, step = sum(waits) / len(waits), sum(steps) / len(steps)
        rate = 32 / (wait + step)
        share = 100 * wait / (wait + step)
        print(f"| {name} | {rate:.0f} | {1e3 * wait:.1f} | {1e3 * step:.0f} | {share:.1f} |")


def epoch(data: AveFolder, overrides: list[str], most: int) -> tuple[list[float], list[float]]:
    experiment, runtime = load_experiment(Path("dmsf"), overrides), RuntimeConfig()
    whole = experiment.augment.enabled
    kind = SegmentRows if whole else FeatureRows
    prepared = prepare(experiment, runtime)
    fill(prepared, data, runtime)
    rows = open_split(data, "train", prepared.recipe, runtime, kind).rows
    first = rows.features(0)
    front = prepared.front(first)
    model = build("dmsf", model_options(experiment, tuned(front)(first), len(data.classes)))
    training = LocalizerTraining(
        model, front, LOSSES["dmsf"]["full"], len(data.classes), experiment.train
    )
    parameters = list(training.parameters())
    optimizer = torch.optim.AdamW(parameters, 1e-4)
    waits, steps = [], []
    asked = time.perf_counter()
    for batch in loader(rows, experiment.train, runtime, training=True):
        came = time.perf_counter()
        training.loss_of(batch, torch.zeros_like(batch.mask), 1.0).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        waits.append(came - asked)
        steps.append(time.perf_counter() - came)
        if len(steps) == most:
            break
        asked = time.perf_counter()
    return waits[WARM_STEPS:-1], steps[WARM_STEPS:-1]


if __name__ == "__main__":
    main()
