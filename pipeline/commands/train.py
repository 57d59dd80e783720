"""`avel train`: a localization model from cached features."""

import argparse
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from avel.pipeline.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    parser.add_argument(
        "--config", type=Path, default=Path("dmsf.yaml"), help="YAML file or preset [dmsf.yaml]"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override, e.g. train.epochs=10",
    )
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
    from avel.configs.load import load  # slow: loads torch
    from avel.models.card import MATCHERS
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.learning.experiment import Experiment
    from avel.pipeline.learning.match import train_matcher
    from avel.pipeline.learning.train import summary, train

    overrides = list(args.set)
    if args.seed is not None:
        overrides.append(f"train.seed={args.seed}")
    experiment = load(args.config, Experiment, overrides)
    out = args.out or Path("runs") / f"{args.config.stem}-seed{experiment.train.seed}"
    runtime = replace(options.runtime(args), devices=args.devices, loaders=args.loaders)
    chosen = {"weights": args.weights, "resume": args.resume}
    with redirect_stdout(sys.stderr):  # Lightning's bar and tables are for people
        if experiment.model in MATCHERS:
            metrics = train_matcher(open_ave(args.data), experiment, runtime, out, **chosen)
        else:
            metrics = train(open_ave(args.data), experiment, runtime, out, **chosen, half=args.half)
    if not metrics:  # another process has the numbers
        return 0
    print(f"{out}: {summary(metrics)}")
    print(
        f"protocol: val-selected; best on test by epoch {metrics['test_selected_accuracy']:.2%}; "
        f"{metrics['train_seconds']:.0f} s"
    )
    return 0
