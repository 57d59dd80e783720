"""`avel ablate`: what each part is worth, over seeds, in one table."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.work.say import put, warn

if TYPE_CHECKING:
    from avel.pipeline.studies.ablate import Line
    from avel.pipeline.studies.table import Ablation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_table_arguments(parser, "ablate_dmsf")


def add_table_arguments(parser: argparse.ArgumentParser, preset: str) -> None:
    """Arguments of a table of trainings."""
    parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    options.add_config(parser, preset)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the table")
    parser.add_argument(
        "--processes", type=options.positive, default=1, help="trainings at once [1]"
    )
    options.add_weights(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.report.table import markdown, write_table

    ablation, failed = train_rows(args)
    from avel.pipeline.studies.ablate import lines  # slow: loads torch, after the arguments' errors

    found = lines(ablation, args.out)
    table = [_cells(line) for line in found]
    pairs = [line.pair for line in found if line.pair]
    write_table(args.out, "ablation", HEADER, table, pairs=pairs)
    put(markdown(HEADER, table) + "\n")
    for sentence in failed:
        warn(f"avel: {sentence}")
    return 3 if failed else 0


def train_rows(args: argparse.Namespace) -> "tuple[Ablation, list[str]]":
    """Train what is missing of a table; the table, and a sentence for each run that failed."""
    from avel.configs.load import load
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.studies.table import Ablation
    from avel.pipeline.work.progress import track

    ablation, data = load(args.config, Ablation, args.set), open_ave(args.data)
    experiments = ablation.experiments(args.out)  # what is wrong is said before torch is loaded
    from avel.pipeline.studies.ablate import ablate  # slow: loads torch

    runs = ablate(
        data,
        experiments,
        options.runtime(args),
        args.out,
        weights=args.weights,
        processes=args.processes,
    )
    done = track(runs, len(experiments), "runs")
    failed = [f"{row}, seed {seed}: {error}" for row, seed, error in done if error]
    return ablation, failed


HEADER = ["row", "accuracy (%)", "std", "seeds", "difference", "95 % interval", "train (s)"]


def _cells(line: "Line") -> list[str]:
    difference, interval = "", ""
    if line.pair:
        found = line.pair.difference
        difference, interval = f"{found.mean:+.2f}", f"{found.low:+.2f} to {found.high:+.2f}"
    numbers = [f"{line.mean:.2f}", f"{line.std:.2f}", str(len(line.accuracies))]
    return [line.name, *numbers, difference, interval, f"{line.train_seconds:.0f}"]
