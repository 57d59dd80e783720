"""`avel extract`: features of many videos into the cache."""

import argparse
import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.pipeline.method.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="files, folders, lists (.txt), or an AVE folder")
    parser.add_argument(
        "--frames", type=options.positive, help="frames per second [16 for vgg19, else 1]"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument(
        "--adapters", type=Path, metavar="FOLDER", help="run folder with tuned adapters to apply"
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="training preset or YAML file whose features to make, in the place of --extractor",
    )
    options.add_encoder(parser)
    parser.set_defaults(extractor=None)  # so that one that is given beside a config is seen
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.videos import find_videos  # slow: loads h5py
    from avel.pipeline.method.harvest import harvest
    from avel.pipeline.work.progress import Progress

    runtime, found = options.runtime(args), find_videos(args.inputs, warn)
    plan = _plan(args)
    stores = plan.stores(runtime.cache_dir)
    failures = [("MISSING_FILE", sentence) for sentence in found.missing]
    counts = Counter(extracted=0, cached=0)
    progress = Progress(len(found.paths), "videos")
    outcomes = harvest(found.paths, stores, plan, runtime, watch=progress.watch)
    with closing(outcomes):
        for outcome in progress.track(outcomes):
            if outcome.reason:
                failures.append((str(outcome.reason), outcome.message))
                warn(f"{outcome.reason}: {outcome.message}")
            else:
                counts["cached" if outcome.cached else "extracted"] += 1
    for sentence in stores.features.damage:
        warn(f"damaged, computed again: {sentence}")
    for sentence in found.missing:
        warn(f"MISSING_FILE: {sentence}")
    _print(args.json, len(found.paths) + len(found.missing), counts, failures, stores.features)
    return 3 if failures else 0


def _plan(args: argparse.Namespace) -> "Plan":
    from avel.extractors import AdaptedChoice, choose
    from avel.pipeline.method.plan import plan_features  # slow: loads h5py

    if args.config:
        return _plan_of_config(args)
    name = args.extractor or "audioclip-tiny"
    base = choose(name, args.weights, options.encoder_options(args))
    encoder = AdaptedChoice(base, args.adapters) if args.adapters else base
    return plan_features(encoder, {"frames_per_cell": args.frames} if args.frames else {})


def _plan_of_config(args: argparse.Namespace) -> "Plan":
    """The features that a training reads, cut as its config says."""
    from avel.extractors import choose
    from avel.pipeline.learning.experiment import load_experiment
    from avel.pipeline.method.plan import plan_features
    from avel.pipeline.reasons import InputError

    own = {"extractor": args.extractor, "option": args.option, "precision": args.precision}
    own |= {"frames": args.frames, "adapters": args.adapters}
    if given := [f"--{name}" for name, value in own.items() if value]:
        raise InputError(
            f"--config {args.config} says which features; leave out {', '.join(given)}, or change "
            "the config"
        )
    experiment = load_experiment(args.config)
    encoder = choose(experiment.extractor, args.weights, experiment.extractor_options)
    return plan_features(encoder, experiment.segment)


def _print(
    as_json: bool, videos: int, counts: Counter[str], failures: list[tuple[str, str]], store: object
) -> None:
    mark = str(getattr(store, "fingerprint", ""))
    if as_json:
        listed = [{"reason": reason, "message": message} for reason, message in sorted(failures)]
        summary = {"videos": videos, **counts, "failed": len(failures), "features": mark}
        say(json.dumps({**summary, "failures": listed}))
        return
    say(
        f"{videos} videos: {counts['extracted']} extracted, {counts['cached']} cached, "
        f"{len(failures)} failed; features {mark[:12]}"
    )
