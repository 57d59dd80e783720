"""`avel clip`: every event to a file of its own."""

import argparse
from typing import TYPE_CHECKING

from avel.pipeline.commands import found
from avel.pipeline.work.counted import counted
from avel.pipeline.work.say import say
from avel.pipeline.work.talk import note

if TYPE_CHECKING:
    from avel.pipeline.report.cutting import Written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    found.add_shared(parser, "folder for the clips and for clips.csv")
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


def run(args: argparse.Namespace) -> int:
    found.check_source(args)
    from avel.pipeline.report.cutting import Cutter  # slow: numpy loads here
    from avel.pipeline.report.pieces import Wanted

    wanted, count = Wanted(tuple(args.label), args.min_score, args.pad), 0
    results = found.Found(args)
    with Cutter(args.out, wanted, copied=args.copy) as cutter:
        for result, film in results:
            for written in cutter.cut(result, film):
                if written.error:
                    results.fail(written.error)
                else:
                    _show(written)
                    count += 1
    note(f"wrote {counted(count, 'clip')} to {args.out}")
    return 3 if results.failed else 0


def _show(written: "Written") -> None:
    early = written.piece.start - written.start
    told = f"  begins {early / 1e6:.2f} s earlier, at {written.start / 1e6:.2f} s"
    say(f"{written.path}{told if early > 0 else ''}")
