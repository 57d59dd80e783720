"""`avel attention`: where in the picture the sound is, drawn for one or several models."""

import argparse
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.method.named import named, refuse_attention
from avel.pipeline.work.say import kept_elsewhere, say, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="video files, folders, or lists (.txt)")
    parser.add_argument(
        "--model",
        type=named,
        action="append",
        help="checkpoint or run folder; again for a row of another model [synthetic]",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    parser.add_argument(
        "--format", choices=("png", "pdf", "svg"), default="png", help="of the picture [png]"
    )
    parser.add_argument("--no-video", action="store_true", help="the picture alone, no MP4")
    options.add_weights(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    for model in args.model or ():
        refuse_attention(model)
    from avel.pipeline.datasets.truth import read_truth
    from avel.pipeline.formats.index import claim
    from avel.pipeline.media.inputs import expand  # slow: loads libav
    from avel.pipeline.method.model import DEFAULT_MODEL
    from avel.pipeline.report.attention import AttentionPictures, localize_by_all

    paths, runtime, truth = expand(args.inputs, warn), options.runtime(args), read_truth(args.truth)
    models = args.model or [DEFAULT_MODEL]
    runs, results_by_file = localize_by_all(paths, models, tuple(args.weights), runtime)
    suffix, video = f".{args.format}", not args.no_video
    pictures = AttentionPictures(args.out, runs, models, truth, suffix=suffix, video=video)
    files = [results[0].file for results in results_by_file]
    names = claim(args.out, files, [f".attention{suffix}", ".attention.mp4", ".attention.1.mp4"])
    failed = 0
    with kept_elsewhere() as attempt:
        for name, file, results in zip(names, files, results_by_file, strict=True):
            drawn = pictures.draw(name, results)
            attempt(say, *map(str, drawn.paths))
            if drawn.why_none:
                warn(f"{file}: no picture of it: {drawn.why_none}")
                failed += 1
    return 3 if failed else 0
