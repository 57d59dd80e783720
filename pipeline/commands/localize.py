"""`avel localize`: events of any videos."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.commands import options
from avel.pipeline.method.decoders import DECODERS, decoder_of
from avel.pipeline.method.named import named, refuse_attention
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from avel.pipeline.formats.telling import Spans
    from avel.pipeline.formats.terminal import Take
    from avel.pipeline.method.plan import LocalizationPlan
    from avel.pipeline.method.stores import LocalizationStores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="video files, folders, or lists (.txt)")
    parser.add_argument(
        "--model",
        type=named,
        help="everyday (real video), synthetic (drawn films), a checkpoint, a run folder or one of "
        "`avel teach` [everyday]",
    )
    parser.add_argument(
        "--with-everyday",
        action="store_true",
        help="with a model of `avel teach`: find everyday events beside its own",
    )
    parser.add_argument(
        "--labels", nargs="+", help="localize these words with no training (or one file of them)"
    )
    parser.add_argument(
        "--events", type=Path, help="table of events for the everyday model [configs/everyday.yaml]"
    )
    parser.add_argument("--template", default="{}", help='prompt around a label ["{}"]')
    parser.add_argument("--decoder", choices=DECODERS, help="scores to events [the model's own]")
    parser.add_argument(
        "--threshold", type=float, help="of the gate or hysteresis [the model's own]"
    )
    _add_writing(parser)
    parser.add_argument(
        "--heard", action="store_true", help="also list every sound of AudioSet's classes"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options.add_encoder(parser, " (for --labels; a model says its own, its weights may be given)")
    parser.set_defaults(extractor=None)  # so that one that is given for nothing is seen
    options.add_runtime(parser)


def _add_writing(parser: argparse.ArgumentParser) -> None:
    """What is written, and what stands beside it."""
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for videos.csv, events.csv, index.html, and a .json and .html per video",
    )
    options.add_formats(parser)
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    parser.add_argument(
        "--attention",
        action="store_true",
        help="with --out: also a picture and a video of the attention over the frames",
    )
    parser.add_argument(
        "--proxy",
        action="store_true",
        help="with --out: also a small copy of a film that browsers do not play, for its page",
    )


def run(args: argparse.Namespace) -> int:
    asked = _asked(args)
    from avel.pipeline.formats.terminal import Manner, printing  # slow: numpy and h5py load here
    from avel.pipeline.media.inputs import expand
    from avel.pipeline.method.plan import PipelineConfig
    from avel.pipeline.method.run import localize
    from avel.pipeline.work.order import in_order
    from avel.pipeline.work.progress import Progress
    from avel.pipeline.work.say import warn

    paths, runtime = list(dict.fromkeys(expand(args.inputs, warn))), options.runtime(args)
    config = PipelineConfig(**asked)
    plan = options.plan_or_fetch(config)
    files, stores = [str(path) for path in paths], plan.stores(runtime.cache_dir)
    truth_of, filing = _outputs(args, files, plan, stores)
    alone, failed = len(paths) == 1, False
    progress = Progress(len(paths), "videos", quiet=alone)
    results = localize(paths, plan, runtime, stores=stores, watch=progress.watch)
    manner = Manner(args.json, args.heard, args.verbose, args.quiet)
    words = printing(truth_of, files, manner, kept=bool(args.out))
    with words as show, filing as write, closing(results):
        for result in in_order(progress.track(results), files, attrgetter("file")):
            write(result)
            show(result)
            failed |= result.status == "failed"
    return 3 if failed else 0


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """The config by name, checked before anything slow is loaded."""
    if args.attention and not args.out:
        raise InputError("--attention writes a picture and a video; give --out FOLDER for them")
    options.formats(args)
    if args.quiet and not (args.out or args.json):
        raise InputError("--quiet prints no events; give --out FOLDER or --json to have them")
    if args.proxy and not args.out:
        raise InputError("--proxy makes a copy for a page; give --out FOLDER for the pages")
    if args.attention and not args.labels:
        refuse_attention(args.model or Path("everyday"))
    return {
        "model": args.model,
        "with_everyday": args.with_everyday,
        "table": args.events,
        "weights": tuple(args.weights),
        "labels": _labels(args.labels),
        "template": args.template,
        "extractor": args.extractor,
        "extractor_options": options.encoder_options(args),
        "events": decoder_of(args.decoder, args.threshold),
    }


def _labels(given: list[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    from avel.pipeline.method.labels import read_labels

    return read_labels(given)


def _outputs(
    args: argparse.Namespace,
    files: list[str],
    plan: "LocalizationPlan",
    stores: "LocalizationStores",
) -> "tuple[Callable[[str], Spans | None], AbstractContextManager[Take]]":
    """What was annotated in a file, and where results are written beside the terminal."""
    if args.truth is None and args.out is None:
        return lambda file: None, nullcontext(lambda result: None)
    from avel.pipeline.datasets.truth import read_truth
    from avel.pipeline.report.cached import CachedRun
    from avel.pipeline.report.filing import filing

    truth = read_truth(args.truth)
    if args.out is None:
        return truth.of, nullcontext(lambda result: None)
    run = CachedRun(plan.segment, stores)
    writing = {"attention": args.attention, "proxy": args.proxy}
    writes = filing(args.out, files, truth, run, formats=options.formats(args), **writing)
    return truth.of, writes
