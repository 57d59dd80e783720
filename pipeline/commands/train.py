"""`avel train`: a localization model from cached features."""

import argparse
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from avel.pipeline.commands import options
from avel.pipeline.work.say import say
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    options.add_config(parser, "dmsf")
    parser.add_argument("--out", type=Path, help="run folder [runs/<config>-seed<seed>]")
    parser.add_argument("--seed", type=int, help="short for --set train.seed=N")
    options.add_weights(parser)
    parser.add_argument(
        "--resume", action="store_true", help="go on from the run folder's last epoch"
    )
    parser.add_argument(
        "--devices", type=options.positive, default=1, help="processes that train together [1]"
    )
    parser.add_argument(
        "--loaders", type=int, default=0, help="processes that read batches ahead [0: none]"
    )
    parser.add_argument("--half", action="store_true", help="store the weights in 16 bits")
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.learning.experiment import load_experiment

    overrides = list(args.set)
    if args.seed is not None:
        overrides.append(f"train.seed={args.seed}")
    experiment = load_experiment(args.config, overrides)
    from avel.pipeline.datasets.ave import open_ave  # slow: loads h5py

    data = open_ave(args.data)  # what is wrong so far is said before torch is loaded
    out = args.out or Path("runs") / f"{args.config.stem}-seed{experiment.train.seed}"
    runtime = replace(options.runtime(args), devices=args.devices, loaders=args.loaders)
    chosen = {"weights": args.weights, "resume": args.resume, "half": args.half}
    with redirect_stdout(sys.stderr):  # Lightning's bar and tables are for people
        from avel.pipeline.learning.run import train_any  # slow: loads torch

        metrics = train_any(data, experiment, runtime, out, **chosen)
    if not metrics:  # another process has the numbers
        return 0
    if metrics.get("start"):
        note(metrics["start"])
    say(f"{out}: {_summary(metrics)}")
    say(
        f"protocol: val-selected; best on test by epoch {metrics['test_selected_accuracy']:.2%}; "
        f"{metrics['train_seconds']:.0f} s"
    )
    return 0


def _summary(metrics: Mapping[str, Any]) -> str:
    """One line of the main numbers."""
    if "queries" in metrics:
        found = ", ".join(f"{way} {value:.2%}" for way, value in metrics["accuracy"].items())
        constants = ", ".join(f"{name} {v:.2%}" for name, v in metrics["baselines"].items())
        return f"exact starts of {metrics['queries']} queries: {found} ({constants})"
    return (
        f"test accuracy {metrics['accuracy']['own']:.2%} ({metrics['decoder']} decoder), "
        f"event F1 {metrics['event_f1']:.3f}, mAP@0.5 {metrics['map']['0.5']:.3f}, "
        f"coverage {metrics['coverage']['evaluated']} of {metrics['coverage']['rows']}"
    )
