"""`avel localize`: events of any videos."""

import argparse
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from avel.pipeline.method.plan import PipelineConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="video files, folders, or lists (.txt)")
    parser.add_argument(
        "--model", type=Path, help="checkpoint or run folder [the shipped one, synthetic classes]"
    )
    parser.add_argument(
        "--labels", nargs="+", help="localize these words with no training (or one file of them)"
    )
    parser.add_argument("--template", default="{}", help='prompt around a label ["{}"]')
    parser.add_argument(
        "--decoder", choices=("gate", "argmax"), help="scores to events [the model's own]"
    )
    parser.add_argument("--threshold", type=float, help="of the gate [the model's own, else 0.5]")
    parser.add_argument(
        "--out", type=Path, help="folder for events.csv and one .json and .html per video"
    )
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    parser.add_argument(
        "--attention",
        action="store_true",
        help="with --out: also a picture and a video of the attention over the frames",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options.add_encoder(parser, " (a model says its own; its weights may be given)")
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.truth import read_truth  # h5py, numpy and libav load here
    from avel.pipeline.media.inputs import expand
    from avel.pipeline.method.plan import plan_localization
    from avel.pipeline.method.run import localize
    from avel.pipeline.report.cached import CachedRun
    from avel.pipeline.report.showing import filing, printing
    from avel.pipeline.work.order import in_order
    from avel.pipeline.work.progress import Progress

    paths, runtime = list(dict.fromkeys(expand(args.inputs))), options.runtime(args)
    plan, truth = plan_localization(_config(args)), read_truth(args.truth)
    files, stores = [str(path) for path in paths], plan.stores(runtime.cache_dir)
    progress, failed = Progress(len(paths), "videos", quiet=len(paths) == 1), False
    results = localize(paths, plan, runtime, stores=stores, watch=progress.watch)
    with (
        filing(
            args.out, files, truth, CachedRun(plan.segment, stores), attention=args.attention
        ) as write,
        printing(truth, as_json=args.json) as show,
        closing(results),
    ):
        for result in in_order(progress.track(results), files, attrgetter("file")):
            write(result)
            show(result)
            failed |= result.status == "failed"
    return 3 if failed else 0


def _config(args: argparse.Namespace) -> "PipelineConfig":
    """What was asked for, checked before anything slow is loaded."""
    from avel.pipeline.method.decide import EventConfig
    from avel.pipeline.method.labels import read_labels
    from avel.pipeline.method.model import DEFAULT_MODEL
    from avel.pipeline.method.plan import PipelineConfig

    if args.attention and not args.out:
        raise InputError("--attention writes a picture and a video; give --out FOLDER for them")
    events = None
    if args.decoder is not None or args.threshold is not None:
        threshold = 0.5 if args.threshold is None else args.threshold
        events = EventConfig(args.decoder or "gate", threshold)
    return PipelineConfig(
        model=args.model or DEFAULT_MODEL,
        weights=tuple(args.weights),
        labels=read_labels(args.labels) if args.labels is not None else (),
        template=args.template,
        extractor=args.extractor,
        extractor_options=options.encoder_options(args),
        events=events,
    )
