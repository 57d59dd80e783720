"""`avel extract`: features of many videos into the cache."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from avel.pipeline.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="files, folders, lists (.txt), or an AVE folder")
    parser.add_argument(
        "--frames", type=options.positive, help="frames per second [16 for vgg19, else 1]"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument(
        "--adapters", type=Path, metavar="FOLDER", help="run folder with tuned adapters to apply"
    )
    options.add_encoder(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.extractors import AdaptedChoice, Encoder, choose  # slow: loads torch and libav
    from avel.pipeline.method.harvest import harvest
    from avel.pipeline.method.plan import plan_features
    from avel.pipeline.work.progress import track

    runtime = options.runtime(args)
    base = choose(args.extractor, args.weights, options.encoder_options(args))
    encoder: Encoder = AdaptedChoice(base, args.adapters) if args.adapters else base
    frames = {"frames_per_cell": args.frames} if args.frames else {}
    plan = plan_features(encoder, frames)
    stores = plan.stores(runtime.cache_dir)
    paths, failures = _inputs(args.inputs)
    outcomes = harvest(paths, stores, plan, runtime)
    counts = {"videos": len(paths) + len(failures), "extracted": 0, "cached": 0}
    with closing(outcomes):
        for outcome in track(outcomes, len(paths), "videos"):
            if outcome.reason:
                failures.append((str(outcome.reason), outcome.message))
            else:
                counts["cached" if outcome.cached else "extracted"] += 1
    for sentence in stores.features.damage:
        print(f"damaged, computed again: {sentence}", file=sys.stderr)
    summary = {**counts, "failed": len(failures), "features": stores.features.fingerprint}
    _report(args, summary, failures)
    return 3 if failures else 0


def _inputs(names: list[str]) -> tuple[list[Path], list[tuple[str, str]]]:
    """Files to do, and rows of datasets whose video is not there."""
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.media.inputs import expand

    paths: list[Path] = []
    missing: list[tuple[str, str]] = []
    for name in names:
        if not (Path(name) / "Annotations.txt").is_file():
            paths += expand([name])
            continue
        data = open_ave(Path(name))
        wanted = [(row.video_id, data.video_path(row.video_id)) for row in data.rows]
        wanted += [(video_id, data.noisy_path(video_id)) for video_id in data.noisy]
        for video_id, path in dict(wanted).items():
            if path:
                paths.append(path)
            else:
                missing.append(("MISSING_FILE", f"{name}: no video file for id {video_id}"))
    return paths, missing


def _report(
    args: argparse.Namespace, summary: dict[str, Any], failures: list[tuple[str, str]]
) -> None:
    for reason, message in sorted(failures):
        print(f"{reason}: {message}", file=sys.stderr)
    if args.json:
        listed = [{"reason": reason, "message": message} for reason, message in sorted(failures)]
        print(json.dumps({**summary, "failures": listed}))
    else:
        print(
            f"{summary['videos']} videos: {summary['extracted']} extracted, "
            f"{summary['cached']} cached, "
            f"{summary['failed']} failed; features {summary['features'][:12]}"
        )
