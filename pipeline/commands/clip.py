"""`avel clip`: every event to a file of its own."""

import argparse
from pathlib import Path

from avel.pipeline.commands import found, options
from avel.pipeline.work.say import say, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    found.add_source(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the clips and for clips.csv"
    )
    found.add_choice(parser)
    parser.add_argument(
        "--pad",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="more of the film before and behind each event [0]",
    )
    parser.add_argument(
        "--copy",
        action="store_true",
        help="do not encode anew: quick, but a clip begins at the key frame before [exact]",
    )
    options.add_weights(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    found.check_source(args)
    from avel.pipeline.report.cutting import Cutter, Written  # slow: numpy loads here
    from avel.pipeline.report.pieces import Wanted

    wanted, failed, count = Wanted(tuple(args.label), args.min_score, args.pad), False, 0

    def show(written: Written) -> None:
        early = written.piece.start - written.start
        told = f"  begins {early / 1e6:.2f} s earlier, at {written.start / 1e6:.2f} s"
        say(f"{written.path}{told if early > 0 else ''}")

    with Cutter(args.out, wanted, copied=args.copy) as cutter:
        for result, film in found.results(args):
            if result.status == "failed":
                warn(f"{result.file}: {', '.join(result.reasons)}: {result.message}")
                failed = True
            for written in cutter.cut(result, film):
                if written.error:
                    warn(written.error)
                    failed = True
                else:
                    show(written)
                    count += 1
    warn(f"wrote {count} clips to {args.out}")
    return 3 if failed else 0
