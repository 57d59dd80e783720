"""`avel pretrain`: make the tiny encoder's weights."""

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="dataset that `avel synth` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the weights and their record"
    )
    parser.add_argument(
        "--epochs", type=options.positive, default=10, help="passes over the events [10]"
    )
    parser.add_argument("--seed", type=int, default=0, help="everything derives from it [0]")
    parser.add_argument(
        "--precision",
        choices=("bf16-mixed", "32-true"),
        default="bf16-mixed",
        help="numbers of the training [bf16-mixed]",
    )
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.configs.load import fit
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.learning.settings import PretrainConfig

    chosen = {"epochs": args.epochs, "seed": args.seed, "precision": args.precision}
    config = fit("arguments", chosen, PretrainConfig)
    data, runtime = open_ave(args.data), options.runtime(args)
    from avel.pipeline.learning.pretrain import gather_segments, pretrain  # slow: loads torch
    from avel.pipeline.work.progress import track

    videos = len({row.video_id for row in data.rows})
    for _ in track(gather_segments(data, runtime), videos, "decoded"):
        pass
    with redirect_stdout(sys.stderr):  # Lightning's bar is for people
        record = pretrain(data, config, runtime, args.out)
    say(f"{args.out}: {record['test']}, {record['seconds']} s")
    return 0
