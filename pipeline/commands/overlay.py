"""`avel overlay`: labels and scores on the pictures of a copy."""

import argparse
from pathlib import Path

from avel.pipeline.commands import found, options
from avel.pipeline.work.say import say, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    found.add_source(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for NAME.overlay.mp4 of each video"
    )
    found.add_choice(parser)
    parser.add_argument(
        "--font",
        type=Path,
        metavar="FILE",
        help="font (.ttf, .otf) for letters that DejaVu Sans has not, such as Chinese",
    )
    options.add_weights(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    found.check_source(args)
    from avel.pipeline.formats.folder import make_folder  # slow: numpy loads here
    from avel.pipeline.formats.names import ResultNames
    from avel.pipeline.media.apart import Apart
    from avel.pipeline.reasons import MediaError
    from avel.pipeline.report.burn import burn, check_font
    from avel.pipeline.report.pieces import Wanted

    wanted, names, failed = Wanted(tuple(args.label), args.min_score), ResultNames(), False
    if args.font:
        check_font(args.font)
    make_folder(args.out)
    with Apart() as apart:
        for result, film in found.results(args):
            target = args.out / f"{names.name(result.file)}.overlay.mp4"
            if result.status == "failed":
                warn(f"{result.file}: {', '.join(result.reasons)}: {result.message}")
                failed = True
            elif not any(wanted.events(result)):
                warn(f"{result.file}: no event to write on it: no copy")
            else:
                try:
                    missing = burn(apart, result, film, target, wanted, args.font)
                except MediaError as err:
                    warn(str(err))
                    failed = True
                    continue
                if missing:
                    warn(f"{result.file}: the font has no {missing!r}; give --font FILE")
                say(str(target))
    return 3 if failed else 0
