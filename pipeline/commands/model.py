"""`avel model`: what a model is made of."""

import argparse
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    what = "trainable and frozen parameters of every part"
    sub = actions.add_parser("summary", help=what, description=what)
    options.add_config(sub, "dmsf")
    options.add_weights(sub)
    sub.set_defaults(action=_summary)
    what = "published weights of a system into a run folder"
    sub = actions.add_parser("import", help=what, description=what)
    sub.add_argument("file", type=Path, help="state dict (.pt, .pth.tar) or the Keras file of cmm")
    options.add_config(sub)
    sub.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    sub.add_argument("--out", type=Path, required=True, help="run folder to write")
    options.add_runtime(sub)
    sub.set_defaults(action=_import)


def run(args: argparse.Namespace) -> int:
    return int(args.action(args))


def _import(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.learning.experiment import load_experiment
    from avel.pipeline.reasons import InputError

    experiment, data = load_experiment(args.config, args.set), open_ave(args.data)
    if not args.file.is_file():
        raise InputError(f"{args.file}: no such file; give the file that the authors published")
    from avel.pipeline.exchange.adopt import adopt  # slow: loads torch

    card = adopt(args.file, data, experiment, options.runtime(args), args.out)
    say(f"{args.out}: {card.name}, {card.knows}")
    say(f"next: avel evaluate --data {args.data} --model {args.out} --protocol all")
    return 0


def _summary(args: argparse.Namespace) -> int:
    from avel.pipeline.learning.experiment import load_experiment

    experiment = load_experiment(args.config, args.set)
    from avel.pipeline.learning.summary import parts  # slow: loads torch

    rows = parts(experiment, args.weights)
    width = max(len(row.name) for row in rows)
    say(f"{'part':<{width}}  {'trainable':>12}  {'frozen':>12}")
    for row in rows:
        say(f"{row.name:<{width}}  {row.trainable:>12,}  {row.frozen:>12,}")
    trainable, frozen = (
        sum(getattr(row, kind) for row in rows) for kind in ("trainable", "frozen")
    )
    say(f"{'all':<{width}}  {trainable:>12,}  {frozen:>12,}")
    return 0
