"""`avel extract`: features of many videos into the cache."""

import argparse
import json
import os
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.pipeline.batch.extraction import BatchConfig, Extraction
    from avel.pipeline.batch.tally import Tally
    from avel.pipeline.method.outcome import Outcome
    from avel.pipeline.method.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="files, folders, lists (.txt), or an AVE folder")
    parser.add_argument(
        "--frames", type=options.positive, help="frames per second [16 for vgg19, else 1]"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument(
        "--arrays",
        metavar="NAME[,NAME...]",
        help="what is kept of the features: visual, visual_map, audio, visual_scores, "
        "audio_scores, faces [all that the encoder gives]; the map is nearly all of the bytes",
    )
    parser.add_argument(
        "--map-dtype", help="how the map is kept: float16, or int8 of half the size [float16]"
    )
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
    options.add_batch(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.batch.extraction import Extraction  # slow: loads h5py

    plan = _plan(args)
    work = Extraction(args.inputs, plan, options.runtime(args), _batch(args))
    if args.loop:
        return _as_a_loop(work)
    if work.spares_segments:
        warn(
            "more than 1,000 videos: decoded pictures and sound are not cached, so other features "
            "of them are decoded anew; --segments caches them"
        )
    with ExitStack() as opened:
        tally = work.tally()
        journal = opened.enter_context(work.journal(args.report)) if args.report else None
        outcomes = opened.enter_context(closing(_outcomes(args, work, tally)))
        for outcome in tally.track(outcomes):
            if journal is not None:
                journal.add(outcome)
    for sentence in work.stores.features.damage:
        warn(f"damaged, computed again: {sentence}")
    for sentence in work.missing:
        warn(f"MISSING_FILE: {sentence}")
    _print(args.json, tally, work.stores.features.fingerprint)
    return 3 if tally.failures else 0


def _batch(args: argparse.Namespace) -> "BatchConfig":
    """What the options say; a training that reads cells needs them of every video."""
    config = options.batch(args)
    if not args.config:
        return config
    from avel.pipeline.learning.experiment import load_experiment

    return replace(
        config, many_segments=args.segments or load_experiment(args.config).augment.enabled
    )


def _outcomes(
    args: argparse.Namespace, work: "Extraction", tally: "Tally"
) -> "Generator[Outcome, None, None]":
    if args.devices == 1 and not args.cluster:
        return work.here(tally.progress.watch)
    return work.apart(args.words[1:])


def _as_a_loop(work: "Extraction") -> int:
    """Say each outcome to the process that started this one."""
    from avel.pipeline.batch.launch import to_line
    from avel.pipeline.media.confine import die_with

    die_with(os.getppid())
    failed = False
    for outcome in work.here():
        failed = failed or outcome.reason is not None
        say(to_line(outcome))
    return 3 if failed else 0


def _plan(args: argparse.Namespace) -> "Plan":
    from avel.extractors import AdaptedChoice, choose
    from avel.pipeline.method.kept import Kept  # slow: loads h5py
    from avel.pipeline.method.plan import plan_features

    if args.config:
        return _plan_of_config(args)
    arrays = () if args.arrays is None else tuple(args.arrays.split(","))
    kept = Kept(arrays, args.map_dtype or "float16")
    name = args.extractor or "audioclip-tiny"
    base = choose(name, args.weights, options.encoder_options(args))
    encoder = AdaptedChoice(base, args.adapters) if args.adapters else base
    return plan_features(encoder, {"frames_per_cell": args.frames} if args.frames else {}, kept)


def _plan_of_config(args: argparse.Namespace) -> "Plan":
    """The features that a training reads, cut as its config says."""
    from avel.extractors import choose
    from avel.pipeline.learning.experiment import load_experiment
    from avel.pipeline.method.plan import plan_features
    from avel.pipeline.reasons import InputError

    own = {"extractor": args.extractor, "option": args.option, "precision": args.precision}
    own |= {"frames": args.frames, "adapters": args.adapters, "arrays": args.arrays}
    own |= {"map-dtype": args.map_dtype}
    if given := [f"--{name}" for name, value in own.items() if value]:
        raise InputError(
            f"--config {args.config} says which features; leave out {', '.join(given)}, or change "
            "the config"
        )
    experiment = load_experiment(args.config)
    encoder = choose(experiment.extractor, args.weights, experiment.extractor_options)
    return plan_features(encoder, experiment.segment)


def _print(as_json: bool, tally: "Tally", mark: str) -> None:
    counts = {**tally.counts, "failed": tally.failures}
    if as_json:
        listed = [{"reason": reason, "message": text} for reason, text in sorted(tally.listed)]
        summary = {"videos": tally.total, **counts, "elsewhere": tally.elsewhere, "features": mark}
        say(json.dumps({**summary, "failures": listed}))
        return
    elsewhere = f", {tally.elsewhere} done elsewhere" if tally.elsewhere else ""
    say(
        f"{tally.total} videos: {counts['extracted']} extracted, {counts['cached']} cached, "
        f"{counts['failed']} failed{elsewhere}; features {mark[:12]}"
    )
