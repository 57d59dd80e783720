"""`avel model`: what a model is made of."""

import argparse
from pathlib import Path

from avel.pipeline.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    what = "trainable and frozen parameters of every part"
    sub = actions.add_parser("summary", help=what, description=what)
    sub.add_argument(
        "--config", type=Path, default=Path("dmsf.yaml"), help="YAML file or preset [dmsf.yaml]"
    )
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override")
    options.add_weights(sub)
    sub.set_defaults(action=_summary)
    what = "published weights of a system into a run folder"
    sub = actions.add_parser("import", help=what, description=what)
    sub.add_argument("file", type=Path, help="state dict (.pt, .pth.tar) or the Keras file of cmm")
    sub.add_argument("--config", type=Path, required=True, help="its preset, e.g. dmin_weak.yaml")
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override")
    sub.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    sub.add_argument("--out", type=Path, required=True, help="run folder to write")
    options.add_runtime(sub)
    sub.set_defaults(action=_import)


def run(args: argparse.Namespace) -> int:
    return int(args.action(args))


def _import(args: argparse.Namespace) -> int:
    from avel.configs.load import load  # slow: loads torch
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.adopt import adopt
    from avel.pipeline.learning.experiment import Experiment

    experiment = load(args.config, Experiment, args.set)
    card = adopt(args.file, open_ave(args.data), experiment, options.runtime(args), args.out)
    print(f"{args.out}: {card.name}, {card.knows}")
    print(f"next: avel evaluate --data {args.data} --model {args.out} --protocol all")
    return 0


def _summary(args: argparse.Namespace) -> int:
    from avel.configs.load import load  # slow: loads torch
    from avel.pipeline.learning.experiment import Experiment
    from avel.pipeline.learning.summary import parts

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
