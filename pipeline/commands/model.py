"""`avel model`: what a model is made of."""

import argparse
from pathlib import Path

from avel.pipeline.commands import options

SUMMARY = "a model's parts and parameters: summary"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    what = "trainable and frozen parameters of every part"
    sub = actions.add_parser("summary", help=what, description=what)
    sub.add_argument(
        "--config", type=Path, default=Path("dmsf.yaml"), help="YAML file or preset [dmsf.yaml]"
    )
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override")
    options.add_weights(sub)


def run(args: argparse.Namespace) -> int:
    from avel.configs.load import load  # slow: loads torch
    from avel.pipeline.summary import parts
    from avel.pipeline.train import Experiment

    rows = parts(load(args.config, Experiment, args.set), args.weights)
    width = max(len(row.name) for row in rows)
    print(f"{'part':<{width}}  {'trainable':>12}  {'frozen':>12}")
    for row in rows:
        print(f"{row.name:<{width}}  {row.trainable:>12,}  {row.frozen:>12,}")
    trainable, frozen = (
        sum(getattr(row, kind) for row in rows) for kind in ("trainable", "frozen")
    )
    print(f"{'all':<{width}}  {trainable:>12,}  {frozen:>12,}")
    return 0
