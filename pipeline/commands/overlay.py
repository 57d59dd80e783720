"""`avel overlay`: labels and scores on the pictures of a copy."""

import argparse
from pathlib import Path

from avel.pipeline.commands import found
from avel.pipeline.work.say import say, warn
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    found.add_shared(parser, "folder for NAME.overlay.mp4 of each video")
    parser.add_argument(
        "--font",
        type=Path,
        metavar="FILE",
        help="font (.ttf, .otf) for letters that DejaVu Sans has not, such as Chinese",
    )


def run(args: argparse.Namespace) -> int:
    found.check_source(args)
    from avel.pipeline.formats.folder import make_folder  # slow: numpy loads here
    from avel.pipeline.formats.names import ResultNames
    from avel.pipeline.media.apart import Apart
    from avel.pipeline.reasons import MediaError
    from avel.pipeline.report.burn import burn, check_font
    from avel.pipeline.report.pieces import Wanted

    wanted, names = Wanted(tuple(args.label), args.min_score), ResultNames()
    if args.font:
        check_font(args.font)
    make_folder(args.out)
    results = found.Found(args)
    with Apart() as apart:
        for result, film in results:
            target = args.out / f"{names.name(result.file)}.overlay.mp4"
            if not any(wanted.events(result)):
                note(f"{result.file}: no event to write on it: no copy")
                continue
            try:
                missing = burn(apart, result, film, target, wanted, args.font)
            except MediaError as err:
                results.fail(str(err))
                continue
            if missing:
                warn(f"{result.file}: the font has no {missing!r}; give --font FILE")
            say(str(target))
    return 3 if results.failed else 0
